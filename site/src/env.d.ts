declare module 'virtual:portolan/theme.css';
