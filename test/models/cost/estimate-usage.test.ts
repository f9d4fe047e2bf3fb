import { describe, expect, test } from 'vitest';
import { Settings } from '#core/settings.ts';
import { imageTokens, promptTokens } from '#models/cost/estimate-usage.ts';
import { profileFor, unknownProfile } from '#models/profiles/profiles.ts';

const settings = Settings.parse({});

describe('an estimate', () => {
  test('counts the words of each prompt as they are: those of step 0 are more than those of step 1', () => {
    const [extraction, grounding] = (['extraction', 'grounding'] as const).map((step) => promptTokens(step, settings, unknownProfile));

    expect(extraction).toBeGreaterThan(800);
    expect(extraction).toBeLessThan(1200);
    expect(grounding).toBeGreaterThan(250);
    expect(grounding).toBeLessThan(600);
  });

  test("counts the user's own instructions", () => {
    const more = Settings.parse({ extraction: { instructions: 'x'.repeat(4000) } });

    expect(promptTokens('extraction', more, unknownProfile)).toBeGreaterThan(promptTokens('extraction', settings, unknownProfile) + 990);
  });

  test('counts an image as it is sent: 12 megapixels go out as four', () => {
    const qwen = profileFor('Qwen/Qwen3-VL-8B-Instruct') ?? unknownProfile;

    const tokens = imageTokens('Qwen/Qwen3-VL-8B-Instruct', { width: 4000, height: 3000 }, qwen, 'MEDIA_RESOLUTION_HIGH');

    expect(tokens).toBeGreaterThan(3900);
    expect(tokens).toBeLessThan(4300);
  });
});
