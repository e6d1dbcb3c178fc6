/** What a table of events is made of: plain data that is read at run time, from which the types of the events come as well. */

declare const TYPE: unique symbol;

/** A field of an event. Its type is known to the compiler alone. */
export interface Field<Type> {
  /** What it holds, for people: the rest of a sentence that begins with its name. */
  readonly what: string;
  readonly [TYPE]: () => Type;
}

/** Fields by name. */
export type Fields = Readonly<Record<string, Field<unknown>>>;

/** An event: when it happens, and what it carries. */
export interface EventEntry<Carried = Fields> {
  readonly when: string;
  readonly fields: Carried;
}

/** The types of the events of a table: what a listener is given, by name. */
export type EventsOf<Table> = {
  [Name in keyof Table]: Table[Name] extends EventEntry<infer Carried>
    ? { [Key in keyof Carried]: Carried[Key] extends Field<infer Type> ? Type : never }
    : never;
};

export function field<Type>(what: string): Field<Type> {
  return { what } as Field<Type>;
}

export function event<Carried>(when: string, fields: Carried): EventEntry<Carried> {
  return { when, fields };
}

export function namesOf<Table extends object>(table: Table): readonly (keyof Table & string)[] {
  return Object.keys(table) as (keyof Table & string)[];
}
