declare module 'virtual:portolan/theme.css';
declare module 'virtual:portolan/url/*' {
  const url: string;
  export default url;
}
