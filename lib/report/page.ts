import assets from './client-assets.json' with { type: 'json' };
import { contentSecurityPolicy, escapeHtml, scriptJson } from './embed.ts';
import type { PictureLink, ReportData } from './report-data.ts';

/** The page up to its pictures. */
export function pageHead(title: string, imageSources: readonly string[]): string {
  const policy = contentSecurityPolicy(assets.script, assets.style, imageSources);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escapeHtml(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="Groundline">
<title>${escapeHtml(title)}</title>
<style>${assets.style}</style>
</head>
<body>
<div id="report"><p class="loading">Opening ${escapeHtml(title)} …</p></div>
<noscript><p class="loading">This report draws itself with JavaScript, which is turned off here. It loads nothing from the network.</p></noscript>
`;
}

/** One inlined picture; the page reads its text only when a sample of it is in view. */
export function pictureElement(number: number, base64: string): string {
  return `<script type="text/plain" id="picture-${number}">${base64}</script>\n`;
}

/** The rest of the page: its data and its script. */
export function pageTail(data: ReportData): string {
  return `<script type="application/json" id="data">${scriptJson(data)}</script>
<script>${assets.script}</script>
</body>
</html>
`;
}

/** The allowed origins of linked pictures, for the page's policy. */
export function imageSources(links: readonly PictureLink[]): string[] {
  const sources = new Set<string>();
  for (const { href } of links) {
    if (href.startsWith('https:')) sources.add(new URL(href).origin);
    else sources.add("'self'").add('file:');
  }
  return [...sources];
}
