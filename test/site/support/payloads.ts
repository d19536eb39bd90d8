/** Known ways to smuggle script into a page. Each calls `xss()` when it gets through. */
export const HTML_PAYLOADS: readonly string[] = [
  '<script>xss()</script>',
  '<scr<script>ipt>xss()</scr</script>ipt>',
  '<img src=x onerror=xss()>',
  '<img src=x onerror="&#120;ss()">',
  '<svg onload=xss()>',
  '<svg><script>xss()</script></svg>',
  '<svg><animate onbegin=xss() attributeName=x dur=1s>',
  '<math><mtext></mtext><mglyph><style><img src=x onerror=xss()></style></mglyph></math>',
  '<math><annotation-xml encoding="text/html"><img src=x onerror=xss()></annotation-xml></math>',
  '<iframe src="javascript:parent.xss()"></iframe>',
  '<iframe srcdoc="<script>parent.xss()</script>"></iframe>',
  '<object data="javascript:xss()"></object>',
  '<embed src="javascript:xss()">',
  '<body onload=xss()>',
  '<details open ontoggle=xss()>',
  '<input autofocus onfocus=xss()>',
  '<video><source onerror=xss()></video>',
  '<marquee onstart=xss()>x</marquee>',
  '<style>@import "javascript:xss()";</style>',
  '<link rel=stylesheet href="javascript:xss()">',
  '<base href="javascript:xss()//">',
  '<meta http-equiv="refresh" content="0;url=javascript:xss()">',
  '<form action="javascript:xss()"><button id=hostile-button>x</button></form>',
  '<button formaction="javascript:xss()">x</button>',
  '<a href="javascript:xss()">x</a>',
  '<a href="java\nscript:xss()">x</a>',
  '<a href="&#106;avascript:xss()">x</a>',
  '<a href=" \u0001javascript:xss()">x</a>',
  '<a href="data:text/html,<script>xss()</script>">x</a>',
  '<a href="vbscript:xss()">x</a>',
  '<noscript><p title="</noscript><img src=x onerror=xss()>">',
  '<template><img src=x onerror=xss()></template>',
  '<p style="background:url(javascript:xss())">x</p>',
  '<table background="javascript:xss()"><tr><td>x</td></tr></table>',
  '--><script>xss()</script>',
  ']]><script>xss()</script>',
  '"><script>xss()</script>',
  "'><img src=x onerror=xss()>",
  '</title><script>xss()</script>',
  '</textarea><script>xss()</script>',
  '</script><script>xss()</script>',
  '\\u003cscript\\u003exss()\\u003c/script\\u003e',
];

export const MARKDOWN_PAYLOADS: readonly string[] = [
  '[x](javascript:xss())',
  '[x](JaVaScRiPt:xss())',
  '[x](java&Tab;script:xss())',
  '[x](data:text/html;base64,PHNjcmlwdD54c3MoKTwvc2NyaXB0Pg==)',
  '![x](javascript:xss())',
  '![x"onerror="xss()](x)',
  '[x](https://example.com "onmouseover=xss()")',
  '<javascript:xss()>',
  '[a]: javascript:xss()\n\n[a]',
  '`<script>xss()</script>`',
  '```html\n<script>xss()</script>\n```',
  '<div>\n\n<script>xss()</script>\n\n</div>',
];

export const SVG_PAYLOAD = `<?xml version="1.0"?>
<!DOCTYPE svg [<!ENTITY x "xss()">]>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 16 16" onload="xss()">
<script>xss()</script>
<script href="data:text/javascript,xss()"/>
<a xlink:href="javascript:xss()"><circle cx="8" cy="8" r="6" fill="teal" onclick="xss()"/></a>
<foreignObject><body xmlns="http://www.w3.org/1999/xhtml"><img src="x" onerror="xss()"/></body></foreignObject>
<use href="data:image/svg+xml,&lt;svg onload='xss()'/&gt;"/>
<image href="https://tracker.example/x.png" width="1" height="1"/>
<animate attributeName="href" values="javascript:xss()"/>
<set attributeName="onmouseover" to="xss()"/>
<style>@import url(https://tracker.example/x.css);</style>
<rect x="2" y="2" width="3" height="3" fill="url(https://tracker.example/p.svg#a)"/>
</svg>`;
