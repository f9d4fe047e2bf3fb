declare module 'asl-validator' {
  /** Checks a state machine's definition against the language's schema and rules. */
  export default function aslValidator(definition: unknown): { readonly isValid: boolean; errorsText(): string };
}
