// The Node runner of the language-neutral vectors; conformance/README.md tells their format.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import * as mercato from 'mercato'

const root = new URL('../../../', import.meta.url)
const read = (path) => JSON.parse(readFileSync(new URL(`conformance/vectors/${path}`, root), 'utf8'))
const golden = (name) => fileURLToPath(new URL(`testdata/artifacts/${name}/golden.mercato`, root))
const estimators = { als: mercato.Als, item_knn: mercato.ItemKnn, popularity: mercato.Popularity }
const models = { als: mercato.AlsModel, item_knn: mercato.ItemKnnModel, popularity: mercato.PopularityModel }

/** A field that this runner does not know must not pass unnoticed. */
const only = (record, ...known) =>
  Object.keys(record).forEach((key) => assert.ok(known.includes(key), `unknown field ${key}`))

const number = (v) => ({ nan: NaN, inf: Infinity, '-inf': -Infinity })[v] ?? v
const interactions = (rows) =>
  mercato.Interactions.fromArrays(rows.map((r) => r[0]), rows.map((r) => r[1]), rows.map((r) => r[2] ?? 1))

async function fit(estimator, rows) {
  only(estimator, 'name', 'params')
  return await new estimators[estimator.name](estimator.params ?? {}).fit(interactions(rows), { threads: 1 })
}

function ask(model, what, q) {
  const common = ['name', 'golden', 'n', 'expect', 'error']
  const options = Object.fromEntries(
    [['n', 'n'], ['exclude_seen', 'excludeSeen'], ['where', 'where'], ['items', 'items']]
      .filter(([key]) => key in q)
      .map(([key, name]) => [name, q[key]]),
  )
  if (what === 'similar') {
    only(q, ...common, 'item')
    return model.similarItems(q.item, options)
  }
  only(q, ...common, 'user', 'exclude_seen', 'where', 'items', 'history')
  if (q.history) options.history = q.history.map(([item, weight]) => [item, number(weight)])
  return model.recommend(q.user, options)
}

const bits = (score) => {
  const view = new DataView(new ArrayBuffer(4))
  view.setFloat32(0, score)
  return view.getUint32(0).toString(16).padStart(8, '0')
}

const rejects = (work, code) => assert.rejects(async () => await work(), (e) => (assert.equal(e.code, code, e.message), true))

const filters = read('filters.json')
only(filters, 'items', 'attributes', 'cases')
const records = filters.items.map((id, i) => {
  const values = Object.entries(filters.attributes).map(([name, c]) => [name, c.values[i]])
  return { item_id: id, ...Object.fromEntries(values) }
})
const everything = (await fit({ name: 'popularity' }, filters.items.map((i) => ['u', i]))).withAttributes(
  mercato.ItemAttributes.fromRecords(records),
)
for (const c of filters.cases) {
  test(`filter: ${c.name}`, async () => {
    only(c, 'name', 'where', 'expect', 'error')
    const answer = () => everything.recommend('u', { n: filters.items.length, excludeSeen: false, where: c.where })
    if (c.error) return await rejects(answer, c.error)
    assert.deepEqual(new Set(answer().map((s) => s.id)), new Set(c.expect))
  })
}

for (const c of read('metrics.json')) {
  test(`metrics: ${c.name}`, async () => {
    only(c, 'name', 'estimator', 'train', 'test', 'k', 'expect')
    const found = await mercato.evaluate(await fit(c.estimator, c.train), interactions(c.test), c.k)
    for (const [metric, value] of Object.entries(c.expect)) {
      assert.ok(Math.abs(found[metric] - value) <= 1e-12, `${metric} is ${found[metric]}, not ${value}`)
    }
  })
}

const actions = {
  interactions: (a) => {
    only(a, 'users', 'items', 'weights', 'times')
    return mercato.Interactions.fromArrays(a.users, a.items, a.weights?.map(number), a.times)
  },
  fit: (a) => fit(a.estimator, a.data),
  open: (a) => {
    only(a, 'golden', 'as', 'flip', 'cut')
    const bytes = readFileSync(golden(a.golden))
    for (const [offset, mask] of a.flip ?? []) bytes[offset] ^= mask
    return models[a.as].fromBytes(bytes.subarray(0, a.cut))
  },
  recommend: (a) => ask(mercato.open(golden(a.golden)), 'recommend', a),
  similar: (a) => ask(mercato.open(golden(a.golden)), 'similar', a),
  evaluate: (a) => (only(a, 'golden', 'test', 'k'), mercato.evaluate(mercato.open(golden(a.golden)), interactions(a.test), a.k)),
}
for (const c of read('errors.json')) {
  test(`error: ${c.name}`, async () => {
    const [action, ...others] = Object.keys(c).filter((key) => key !== 'name' && key !== 'error')
    assert.ok(action in actions && !others.length)
    await rejects(() => actions[action](c[action]), c.error)
  })
}

for (const path of readdirSync(new URL('conformance/vectors/recommendations', root)).sort()) {
  const file = read(`recommendations/${path}`)
  only(file, 'golden', 'recommend', 'similar')
  const model = mercato.open(golden(file.golden))
  for (const what of ['recommend', 'similar']) {
    for (const q of file[what]) {
      test(`${file.golden} ${what}: ${q.name}`, async () => {
        if (q.error) return await rejects(() => ask(model, what, q), q.error)
        assert.deepEqual(ask(model, what, q).map((s) => [s.id, bits(s.score)]), q.expect)
      })
    }
  }
}
