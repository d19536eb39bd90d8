import { INITIALIZE } from './initialize.ts';

/** What a client writes that only wants to know the tools: to give a command on stdin. */
export const LIST_TOOLS: string = `${INITIALIZE}\n{"jsonrpc":"2.0","id":2,"method":"tools/list"}\n`;
