export * from '../../core/isolation/channel.ts';
