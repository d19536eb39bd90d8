declare module 'virtual:portolan/theme.css';
declare module 'virtual:portolan/direct-url' {
  const url: string;
  export default url;
}
