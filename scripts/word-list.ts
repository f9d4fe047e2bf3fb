/** A private word: a pattern over names split at their capitals ("settle Sample") and over text, and the plain word to use. */
export interface PrivateWord {
  readonly word: RegExp;
  readonly use: string;
}

/** A use of a listed word in its standard meaning. */
export interface AllowedUse {
  /** Matched against the line. */
  readonly text: RegExp;
  /** @default every file */
  readonly path?: RegExp;
  readonly reason: string;
}

/** Words that a colleague would have to learn. Each entry names the field's own term. */
export const privateWords: readonly PrivateWord[] = [
  { word: /settl(?:e|es|ed|ing)/, use: 'process, complete or wait' },
  { word: /poison(?:s|ed|ous)?/, use: 'crash isolation, crashing sample' },
  { word: /former(?:ly)?/, use: 'previous, earlier' },
  { word: /(?:carried|carry|carries) over|carried failures?/, use: 'earlier, extrapolate' },
  { word: /ask(?:s|ed|ing)?[\s-]+(?:[\w,]+ )?again|asked once more/, use: 'send again, re-ask' },
  { word: /said|say(?:s|ing)?/, use: 'report, state, show, or rephrase without a speaker' },
  { word: /t(?:old|ell|ells|elling)/, use: 'output, notify, show, publish' },
  { word: /puts? down|putting down/, use: 'suspend' },
  { word: /run link/, use: 'RunCoordinator' },
  { word: /run item/, use: 'RunStateStore, run state' },
  { word: /brakes?/, use: 'SharedThrottle, throttle' },
  { word: /run place/, use: 'run-paths' },
  { word: /around attempt/, use: 'AttemptMiddleware' },
  { word: /speak(?:s|ing)?|spoken|spoke/, use: 'call, use, or name the protocol' },
  { word: /knowledge/, use: 'capabilities' },
  { word: /knows/, use: 'has, covers, supports' },
  { word: /quirks?/, use: 'capabilities' },
  { word: /fates?/, use: 'ExpressionOutcome, outcome' },
  { word: /mend(?:s|ed|ing)?/, use: 'repair' },
  { word: /sound/, use: 'complete, valid' },
  { word: /lone/, use: 'single' },
  { word: /give up below/, use: 'downgradeTier' },
  { word: /thinking room/, use: 'reasoningTokenBudget' },
  { word: /patient(?:ly)?/, use: 'waitFor…' },
  { word: /pass(?:es|ed|ing)? over/, use: 'ignore, skip' },
  { word: /(?:asked|given|place|failure|spread|why not) of(?= ?[(=:<])/, use: 'a verb and a noun, e.g. givenExpressionsFrom' },
  { word: /enders|doings/, use: 'STOP_WORDS, GERUNDS' },
  { word: /see runs/, use: 'describeRuns' },
  { word: /image spread|spread files/, use: 'sample-images, sampled-files' },
  { word: /pa(?:y|ys|id|ying)(?: for)?/, use: 'bill, cost, make a model call' },
  { word: /tak(?:e|es|ing)n? for nothing|taken/, use: 'used, read, accepted, counted' },
  { word: /cures?|cured/, use: 'fix, suggested fix' },
  { word: /beside/, use: 'next to, in addition to, besides' },
  { word: /but for/, use: 'except' },
  { word: /at hand/, use: 'available, checkpointed, reused' },
  { word: /c(?:ame|omes?|oming) home/, use: 'finish' },
  { word: /li(?:es|e)(?= (?:in|at|on|under|below|beside|there|where|apart|outside|within|between|next))|lies/, use: 'is' },
  { word: /whole(?! number)/, use: 'complete, entire, atomic' },
  { word: /whole numbers?/, use: 'integer' },
  { word: /bears? in mind|mind(?:s|ed)?/, use: 'consider, matter' },
  { word: /goes on(?: from there| with)?|go on with/, use: 'resume, continue' },
  { word: /how far (?:it|a run|the run) is/, use: 'progress' },
  { word: /from outside/, use: 'by another worker, by the caller' },
  { word: /on neither side/, use: 'neither locally nor in S3' },
  { word: /(?:nothing|nobody|no one) says/, use: 'default, not set' },
  { word: /only so many/, use: 'at most <n>, a sample of <n>' },
  { word: /of ours/, use: 'of Groundline, another room' },
  { word: /over again/, use: 'again' },
  { word: /in vain/, use: 'without success' },
  { word: /thereof|therein|whereof|wherein|whence|hence|thus|lest/, use: 'so, because, to avoid' },
];

/** Listed words in the meaning that the field gives them. */
export const allowedUses: readonly AllowedUse[] = [
  { text: /allSettled|PromiseSettledResult/, reason: "JavaScript's own name" },
  { text: /\b(?:PAY_PER_REQUEST|payPerRequest|pay-per-request)\b/, reason: "DynamoDB's own name" },
  { text: /settle(?:Seconds|Minutes)/, reason: 'old names of settings, read as aliases with a notice' },
  { text: /SETTLE_MINUTES/, reason: 'an environment variable of deployed functions keeps its name' },
  {
    text: /'(?:Settle|SeeRuns)'|\bstates\.Settle\b/,
    path: /^(?:lib|test)\/infra\//,
    reason: 'a CDK construct id keeps its name: another id replaces the resource',
  },
  {
    text: /\bquirks\b/,
    path: /^(?:lib|test)\/models\/endpoint-capabilities(?:\.test)?\.ts$/,
    reason: 'a field of stored endpoint capabilities keeps its name',
  },
  {
    text: /\bknowledge\b/,
    path: /^(?:lib\/aws\/runtime\/endpoint-items|test\/aws\/run-state\/raw-items\.test)\.ts$/,
    reason: 'an attribute of stored DynamoDB items keeps its name',
  },
  {
    text: /\bbehind beside besides\b/,
    path: /^lib\/core\/text\/head-noun\.ts$/,
    reason: 'a list of English prepositions that captions contain',
  },
  {
    text: /classes that the demonstration detector knows|in fractions where whole numbers were asked for/,
    reason: 'a note in result records keeps its text',
  },
  { text: /\bpay phone\b/, path: /^lib\/models\/builtin\/class-words\.ts$/, reason: 'an object that captions contain' },
];

/** Files whose text is data or a prompt: what they hold changes with labels, not with words. */
export const exemptFiles: readonly RegExp[] = [
  /(?:^|\/)fixtures\//,
  /^scripts\/word-list\.ts$/,
  /^package-lock\.json$/,
  /^LICENSE$/,
  /^examples\/demo\/captions\.jsonl$/,
  /^lib\/report\/client-assets\.json$/,
  /^lib\/steps\/(?:extract\/extract|ground\/ground)-prompt\.ts$/,
];
