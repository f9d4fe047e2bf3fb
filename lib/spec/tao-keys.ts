/** The sections of `image_grounding:`, which an override may name without that prefix. */
export const ownSections: ReadonlySet<string> = new Set(['workflow', 'data', 'vlm', 'extraction', 'grounding', 'output']);

/** Top-level sections of TAO's other pipelines, which one spec file may contain too. */
export const otherPipelines: ReadonlySet<string> = new Set([
  'mal',
  'grounding_dino',
  'video_reasoning_annotation',
  'image_referring_expression',
  'vllm_captioning',
]);

/** Keys of TAO's spec files that have no effect here. */
export const idleKeys: ReadonlySet<string> = new Set([
  'gpu_ids',
  'num_gpus',
  'num_nodes',
  'batch_size',
  'num_workers',
  'image_grounding.workflow.long_video_threshold_sec',
  'image_grounding.workflow.long_video_sample_fps',
  'image_grounding.workflow.long_video_max_frames',
]);
