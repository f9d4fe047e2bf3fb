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

/** The state machine's definition as CloudFormation would render it, references written out. */
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

/** All states, those of the children too, by name. */
export function allStates(definition: Definition): Record<string, State> {
  return { ...definition.States, ...mapOf(definition).ItemProcessor.States };
}

/** Every `{% … %}` of a value, without its marks. */
export function expressionsIn(value: unknown): string[] {
  if (typeof value === 'string') return value.startsWith('{%') ? [value.slice(2, -2).trim()] : [];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(expressionsIn) : [];
}
