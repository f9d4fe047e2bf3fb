import type { ReportSample } from '../../report-data.ts';
import { element } from '../dom.ts';
import { selectHue } from '../page-format.ts';
import { splitSegments } from './segments.ts';

/** The caption with its phrases marked. The pointer picks the innermost phrase; keyboards and screen readers use the list below it. */
export function renderCaption({ cleaned, caption, phrases }: ReportSample): HTMLElement {
  const line = element('p', { class: 'caption', dir: 'auto' });
  const spans = cleaned === undefined ? [] : phrases.map(({ span }) => span);
  const numbered = new Set<number>();
  for (const { text, phrases: covering } of splitSegments(cleaned ?? caption, spans)) {
    const innermost = covering.at(-1);
    if (innermost === undefined) {
      line.append(text);
      continue;
    }
    const mark = element(
      'span',
      {
        class: 'mark',
        'data-phrase': innermost,
        'data-in': covering.join(' '),
        'data-hue': selectHue(innermost),
        'data-outer': selectHue(covering[0] ?? innermost),
      },
      text,
    );
    if (covering.length > 1) mark.classList.add('nested');
    if (phrases[innermost]?.boxes.length === 0) mark.classList.add('boxless');
    const begins = covering.filter((phrase) => !numbered.has(phrase));
    for (const phrase of begins) numbered.add(phrase);
    if (begins.length > 0) mark.dataset.number = begins.map((phrase) => phrase + 1).join('·');
    line.append(mark);
  }
  return line;
}
