import { describe, expect, it } from 'vitest';
import { imported } from '../import-in-folder.ts';

/** The form of the data set's own files: entities with several boxes, a box of several entities, a scene, one without a box. */
const xml = `<annotation>
  <filename>36979.jpg</filename>
  <size><width>500</width><height>375</height><depth>3</depth></size>
  <object><name>137644</name><bndbox><xmin>1</xmin><ymin>50</ymin><xmax>120</xmax><ymax>375</ymax></bndbox></object>
  <object><name>137644</name><bndbox><xmin>200</xmin><ymin>60</ymin><xmax>320</xmax><ymax>375</ymax></bndbox></object>
  <object><name>137645</name><name>137646</name><bndbox><xmin>90</xmin><ymin>200</ymin><xmax>140</xmax><ymax>240</ymax></bndbox></object>
  <object><name>137650</name><scene>0</scene><nobndbox>1</nobndbox></object>
  <object><name>137651</name><scene>1</scene><nobndbox>0</nobndbox></object>
</annotation>`;
const sentences = `[/EN#137644/people A group of friends] playing [/EN#137645/other cards] and trying to bluff [/EN#0/notvisual each other] into making [/EN#137650/other a terrible mistake] .
[/EN#137644/people Six men] play [/EN#137646/other poker] in [/EN#137651/scene a room] .
[/EN#137650/other Poker] !
`;
const files = { 'Annotations/36979.xml': xml, 'Sentences/36979.txt': sentences, 'test.txt': '36979\n', 'val.txt': '' };

describe('importing Flickr30k Entities', () => {
  it('makes a line of each sentence, with the spans and all boxes of its phrases', async () => {
    const { truth, input } = await imported('flickr30k', files, { from: '' });

    expect(input[0]).toEqual({
      image_path: '36979.jpg',
      caption: 'A group of friends playing cards and trying to bluff each other into making a terrible mistake .',
      image_id: '36979',
      expressions: [
        { text: 'A group of friends', char_span: [0, 18] },
        { text: 'cards', char_span: [27, 32] },
      ],
    });
    expect(truth[1]).toEqual({
      image_path: '36979.jpg',
      caption: 'Six men play poker in a room .',
      width: 500,
      height: 375,
      expressions: [
        {
          text: 'Six men',
          char_span: [0, 7],
          boxes: [
            [0, 49, 120, 375],
            [199, 59, 320, 375],
          ],
        },
        { text: 'poker', char_span: [13, 18], boxes: [[89, 199, 140, 240]] },
      ],
    });
  });

  it('leaves out scenes, non-visual phrases and phrases without a box, and counts them', async () => {
    const { leftOut, lines } = await imported('flickr30k', files, { from: '' });

    expect(lines).toBe(2);
    expect(Object.fromEntries(leftOut)).toEqual({
      'phrases that name nothing visual': 1,
      'phrases without a box (nobox)': 2,
      'phrases of the entire scene': 1,
      'sentences without a boxed phrase': 1,
    });
  });

  it('reads only the images of a split', async () => {
    expect((await imported('flickr30k', files, { from: '', split: 'test' })).lines).toBe(2);
    await expect(imported('flickr30k', files, { from: '', split: 'val' })).rejects.toThrow(/nothing in .* could be imported/);
  });

  it('leaves the phrases out of the input where extraction is to be evaluated too', async () => {
    const { input, truth } = await imported('flickr30k', files, { from: '', phrases: false });

    expect(input[1]).toEqual({ image_path: '36979.jpg', caption: 'Six men play poker in a room .', image_id: '36979' });
    expect(truth[1]?.expressions).toHaveLength(2);
  });

  it('names the missing parts of a folder', async () => {
    await expect(imported('flickr30k', { 'readme.txt': '' }, { from: '' })).rejects.toThrow(
      /expected the folders Annotations and Sentences/,
    );
    await expect(imported('flickr30k', { ...files, 'Annotations/36979.xml': xml.slice(0, 300) }, { from: '' })).rejects.toThrow(
      /36979\.xml is not complete XML/,
    );
  });
});
