// Not run: `tsc --strict` reads it, so that the types say what users write.
import { Als, AlsModel, Interactions, ItemAttributes, ItemKnn, evaluate, open } from 'mercato'
import type { MercatoError, Progress, Scored } from 'mercato'

export async function story(): Promise<string[]> {
  const shop = Interactions.fromArrays(new BigInt64Array(3), ['a', 'b', 'c'], new Float32Array(3))
  const [train, test] = shop.splitLast()
  const model: AlsModel = await new Als({ factors: 8, solver: 'cholesky' }).fit(train, {
    seed: 1,
    deadline: 60,
    signal: AbortSignal.timeout(1000),
    onProgress: (p: Progress) => console.log(p.stage, p.done / p.total),
  })
  const top: Scored[] = model
    .withAttributes(ItemAttributes.fromRecords([{ item_id: 'a', price: 3 }]))
    .recommend(1, { n: 3, where: { price: { lt: 5 } }, history: ['a', ['b', 2]] })
  const metrics: Record<string, number> = await evaluate(await new ItemKnn().fit(train), test, [5])
  const batch = await model.recommendBatch([1, 2n], { n: 3 })
  const first: Float32Array | undefined = batch.scores[0]
  try {
    open('shop.mercato')
  } catch (error) {
    console.log((error as MercatoError).code, metrics['recall@5'], first)
  }
  return top.map((s) => String(s.id))
}
