/**
 * What the codec must know of a handle on a Python object. The class that users see is `Ref` in session/; the codec only has to tell that a
 * value is one, whose it is, and under which number the worker holds the object.
 */
export abstract class Handle {
  /** The session that holds the object. */
  abstract readonly session: string;
  /** The number of the object in that session. */
  abstract readonly id: number;
  /** The Python class of the object, with its module, for example `sklearn.linear_model._logistic.LogisticRegression`. */
  abstract readonly typeName: string;
  abstract readonly released: boolean;
}
