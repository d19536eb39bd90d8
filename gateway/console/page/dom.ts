/** What an element may hold; what is false or undefined is left out. */
export type Child = Node | string | number | false | null | undefined | readonly Child[];

type Listener = (event: Event) => void;
export type Props = Readonly<Record<string, string | number | boolean | undefined | Listener>>;

/**
 * Makes an element: `h('a', { href, class: 'x', onclick }, 'text')`. Text is only ever text: no
 * page of the console makes HTML from what a server, a catalog or a user wrote.
 */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  props: Props = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== undefined) element.setAttribute(name, String(value));
  }
  put(element, children);
  return element;
}

function put(parent: Element, children: readonly Child[]): void {
  for (const child of children) {
    if (Array.isArray(child)) put(parent, child);
    else if (child instanceof Node) parent.append(child);
    else if (child !== false && child !== null && child !== undefined) parent.append(String(child));
  }
}

/** Replaces what a container holds; the focus stays on the element of the same id. */
export function fill(container: Element, ...children: readonly Child[]): void {
  const focused = document.activeElement;
  const id = focused && container.contains(focused) ? focused.id : '';
  const open = [...container.querySelectorAll('details[open][id]')].map((item) => item.id);
  container.replaceChildren();
  put(container, children);
  for (const item of open) document.getElementById(item)?.setAttribute('open', '');
  if (id) document.getElementById(id)?.focus({ preventScroll: true });
}

/** A drawing of 20 by 20 from one path. */
export function icon(path: string): SVGSVGElement {
  return drawing(path, 20, { fill: 'none', stroke: 'currentColor', 'stroke-width': '1.6' });
}

export function drawing(
  path: string,
  size: number,
  attributes: Readonly<Record<string, string>>,
): SVGSVGElement {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  const all = { viewBox: `0 0 ${size} ${size}`, width: size, height: size, 'aria-hidden': 'true' };
  // The site's style gives its drawings their place by this class.
  const classes = `icon ${attributes.class ?? ''}`.trim();
  for (const [name, value] of Object.entries({ ...all, ...attributes, class: classes })) {
    svg.setAttribute(name, String(value));
  }
  const line = document.createElementNS(space, 'path');
  line.setAttribute('d', path);
  svg.append(line);
  return svg;
}

/** Text in which `code` between backticks is set as code. */
export function prose(text: string): Child {
  return text
    .split('`')
    .map((part, index) => (index % 2 === 1 ? h('code', {}, part) : part))
    .filter((part) => part !== '');
}

/** An address that a link may have: what a catalog or a server gives may be anything. */
export function webAddress(text: string | undefined): string | undefined {
  const url = text === undefined ? null : URL.parse(text);
  return url && (url.protocol === 'https:' || url.protocol === 'http:') ? url.href : undefined;
}

/** A link to another site, or the text alone when the address is none. */
export function outside(address: string | undefined, text: string): Child {
  const href = webAddress(address);
  return href ? h('a', { href, rel: 'noopener noreferrer', target: '_blank' }, text) : text;
}

export const plural = (count: number, one: string, many: string): string =>
  `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
