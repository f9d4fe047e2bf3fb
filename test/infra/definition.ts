import { type Resource, type Synthesized, written } from './synthesized.ts';

export interface State {
  readonly Type: string;
  readonly Next?: string;
  readonly QueryLanguage?: string;
  readonly [field: string]: unknown;
}

export interface Definition {
  readonly QueryLanguage: string;
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
}

/** The definition of the state machine as CloudFormation renders it, with references written out. */
export function definitionOf({ ofType }: Synthesized): Definition {
  const [machine] = Object.values(ofType('AWS::StepFunctions::StateMachine')) as [Resource];
  return JSON.parse(written(machine.Properties.DefinitionString)) as Definition;
}

export interface DistributedMapState extends State {
  readonly ItemProcessor: Definition & { readonly ProcessorConfig: unknown };
}

export function mapOf(definition: Definition): DistributedMapState {
  return definition.States.Samples as DistributedMapState;
}

/** All states by name, including the states of child executions. */
export function allStates(definition: Definition): Record<string, State> {
  return { ...definition.States, ...mapOf(definition).ItemProcessor.States };
}

/** All expressions `{% … %}` of a value, without delimiters. */
export function expressionsIn(value: unknown): string[] {
  if (typeof value === 'string') return value.startsWith('{%') ? [value.slice(2, -2).trim()] : [];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(expressionsIn) : [];
}
