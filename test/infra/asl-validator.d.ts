declare module 'asl-validator' {
  /** Checks a state machine definition against the schema and rules of the language. */
  export default function aslValidator(definition: unknown): { readonly isValid: boolean; errorsText(): string };
}
