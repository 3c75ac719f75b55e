/* eslint-disable */
/** An id: a string or an integer; integers beyond 2^53 are bigints. */
export type Id = string | number | bigint
/** A column of ids, all strings or all integers. */
export type Ids = Id[] | Int32Array | BigInt64Array
/** What somebody did, oldest first: item ids, or pairs of id and weight. */
export type History = (Id | [Id, number])[]
/** A predicate over item attributes: `{"category": "toys", "price": {"lt": 20}}`. */
export type Where = Record<string, unknown>

/** How to run long work. */
export interface RunOptions {
  /** Seed of everything random; 0 when left out. */
  seed?: number
  /** Threads; all cores when left out. */
  threads?: number
  /** Seconds after which to stop. */
  deadline?: number
  /** Called on the event loop as work advances; what it throws stops the work and rejects the promise. */
  onProgress?: (progress: Progress) => void
  /** Stops the work when it aborts. */
  signal?: AbortSignal
}

/** How to recommend. */
export interface Query {
  /** How many; 10 when left out. */
  n?: number
  /** Leave out what the user has seen; true when left out. */
  excludeSeen?: boolean
  /** Only items whose attributes pass. */
  where?: Where
  /** Only these items. */
  items?: Id[]
  /** Instead of the user's own history; the user may then be unknown. */
  history?: History
}

/** Hyperparameters of alternating least squares. */
export interface AlsParams {
  /** Length of the vectors (default 64). */
  factors?: number
  /** L2 penalty on the vectors (default 0.01). */
  regularization?: number
  /** Confidence that an unobserved pair is a zero (default 1). */
  unobserved_weight?: number
  /** Confidence in an observed pair per unit of its weight (default 10). */
  alpha?: number
  /** Passes over users and items (default 15). */
  iterations?: number
  /** How rows are solved (default "cg"). */
  solver?: 'cg' | 'cholesky'
  /** Conjugate-gradient steps per row and pass (default 3). */
  cg_steps?: number
}

/** Hyperparameters of item nearest neighbours. */
export interface ItemKnnParams {
  /** Neighbours kept per item (default 100). */
  neighbors?: number
  /** How alike two items are (default "cosine"). */
  similarity?: 'cosine' | 'tf_idf' | 'bm25' | 'rp3_beta'
  /** Damps pairs with few users in common (default 0). */
  shrink?: number
  /** Saturation of weights for BM25 (default 1.2). */
  k1?: number
  /** Damping of popular items for BM25 (default 0.75). */
  b?: number
  /** Exponent of the transition probabilities of RP3beta (default 1). */
  alpha?: number
  /** Exponent of the damping of popular targets of RP3beta (default 0.6). */
  beta?: number
}

/** Hyperparameters of popularity. */
export interface PopularityParams {
  /** What counts (default "users"). */
  measure?: 'users' | 'weight'
}

/** What every call may throw or reject with, beside a TypeError. */
export interface MercatoError extends Error {
  /** The stable name of what went wrong, the same in every language. */
  code: string
  /** Details for logs. */
  context: Record<string, string>
}
