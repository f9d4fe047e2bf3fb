type Attribute = string | number | boolean | undefined;
type Attributes = Readonly<Record<string, Attribute>>;
type Child = Node | string | undefined;

/** Builds an HTML element. Children that are strings become text nodes, never markup; `undefined` attributes and children are left out. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  return fill(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
}

function fill<E extends Element>(target: E, attributes: Attributes, children: readonly Child[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    target.setAttribute(name, value === true ? '' : String(value));
  }
  for (const child of children) if (child !== undefined) target.append(child);
  return target;
}

/** Sets style properties one by one: the page's policy forbids style attributes. */
export function style<E extends HTMLElement | SVGElement>(target: E, properties: Readonly<Record<string, string>>): E {
  for (const [name, value] of Object.entries(properties)) target.style.setProperty(name, value);
  return target;
}
