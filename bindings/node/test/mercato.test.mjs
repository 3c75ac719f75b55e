// The Node binding: data, fits, requests, errors, cancellation, files, worker threads.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import * as mercato from 'mercato'

const { Als, ItemKnn, Popularity, Interactions, ItemAttributes } = mercato

// A made shop: 300 users, 80 items, the popular ones bought more often.
let state = 7
const random = () => (state = (state * 1103515245 + 12345) % 2 ** 31) / 2 ** 31
const users = Int32Array.from({ length: 6000 }, () => Math.floor(random() * 300))
const items = Array.from(users, (u) => `sku${(Math.floor(random() ** 2 * 80) + u) % 80}`)
const shop = Interactions.fromArrays(users, items)
const attributes = ItemAttributes.fromRecords(
  [...new Set(items)].sort().map((id, i) => ({
    item_id: id,
    price: i,
    kind: i % 2 ? 'odd' : 'even',
    tags: ['all', `t${i % 3}`],
    cheap: i < 10,
  })),
)
const fitted = {}
for (const estimator of [new Als({ factors: 8, iterations: 3 }), new ItemKnn(), new Popularity()]) {
  fitted[estimator.constructor.name] = (await estimator.fit(shop, { seed: 7 })).withAttributes(attributes)
}
const { Als: model } = fitted
const folder = mkdtempSync(join(tmpdir(), 'mercato-'))
const fails = (code, message = /./) => (error) => {
  assert.ok(error instanceof Error)
  assert.equal(error.code, code, error.message)
  assert.match(error.message, message)
  assert.equal(typeof error.context, 'object')
  return true
}

test('both module systems give the same classes', () => {
  const required = createRequire(import.meta.url)('mercato')
  assert.equal(required.Als, Als)
  const kept = Object.keys(required).filter((name) => /^[A-Za-z]/.test(name))
  assert.deepEqual(kept.sort(), Object.keys(mercato).filter((n) => n !== 'default').sort())
})

test('every door gives the same interactions', () => {
  const same = [
    Interactions.fromArrays(Array.from(users), items),
    Interactions.fromArrays(BigInt64Array.from(users, BigInt), items, new Float32Array(6000).fill(1)),
    Interactions.fromRecords(items.map((item, i) => ({ user_id: users[i], item_id: item }))),
    Interactions.fromRecords(items.map((i, at) => ({ who: users[at], what: i, n: 1 })), { user: 'who', item: 'what', weight: 'n' }),
  ]
  for (const other of same) {
    assert.deepEqual([other.nUsers, other.nItems, other.length], [shop.nUsers, shop.nItems, shop.length])
    assert.deepEqual(other.itemsOf(users[0]), shop.itemsOf(users[0]))
  }
  assert.equal(shop.users[3], 3)
  const big = Interactions.fromArrays([2n ** 60n, 5], ['a', 'b'])
  assert.deepEqual(big.users, [5, 2n ** 60n])
})

test('bad data is refused by name', () => {
  const from = (...columns) => () => Interactions.fromArrays(...columns)
  assert.throws(from([1, 'x'], ['a', 'b']), fails('invalid_input'))
  assert.throws(from([1, null], ['a', 'b']), fails('invalid_input', /users, row 1/))
  assert.throws(from([1.5], ['a']), fails('invalid_input'))
  assert.throws(from([1, 2], ['a']), fails('invalid_input'))
  assert.throws(from(3, ['a']), fails('invalid_input', /users/))
  assert.throws(from([1], ['a'], [NaN]), fails('invalid_input', /NaN/))
  assert.throws(from([1], ['a'], [-1]), fails('invalid_input', /-1/))
  assert.throws(from([1], ['a'], ['x']), fails('invalid_input'))
  assert.throws(from([1], ['a'], null, [1.5]), fails('invalid_input', /times/))
  assert.throws(() => Interactions.fromRecords([{ a: 1 }]), fails('invalid_input', /user_id/))
  assert.throws(() => Interactions.fromRecords('x'), fails('invalid_input', /records/))
  assert.throws(() => ItemAttributes.fromRecords([{ item_id: 1, a: 'x' }, { item_id: 2, a: 3 }]), fails('invalid_input', /a/))
})

test('splits lose nothing', () => {
  const timed = Interactions.fromArrays(users, items, null, Array.from(users, (_, i) => i))
  for (const [train, rest] of [timed.splitRandom(0.3, 1), timed.splitTime(3000), timed.splitLast(2)]) {
    assert.equal(train.nUsers, timed.nUsers)
    assert.ok(train.length > 0 && rest.length > 0)
  }
})

test('batch rows equal single requests', async () => {
  for (const m of Object.values(fitted)) {
    const batch = await m.recommendBatch(null, { n: 4 })
    assert.equal(batch.users.length, 300)
    for (const row of [0, 17, 299]) {
      const one = m.recommend(batch.users[row], { n: 4 })
      assert.deepEqual(one.map((s) => s.id), batch.items[row])
      assert.deepEqual(Float32Array.from(one, (s) => s.score), batch.scores[row])
    }
  }
})

test('requests filter, limit and take a history', () => {
  for (const m of Object.values(fitted)) {
    const seen = new Set(shop.itemsOf(1))
    const all = m.recommend(1, { n: 500 })
    assert.ok(all.length > 0 && all.every((s) => !seen.has(s.id)))
    const even = m.recommend(1, { n: 500, where: { kind: 'even' } })
    const odd = m.recommend(1, { n: 500, where: { not: { kind: 'even' } } })
    assert.equal(even.length + odd.length, all.length)
    assert.ok(m.recommend(1, { n: 500, excludeSeen: false }).length >= all.length)
    assert.ok(m.recommend(1, { items: ['sku1'], excludeSeen: false }).length <= 1)
    const fresh = m.recommend(-1, { history: [...seen] })
    assert.deepEqual(fresh, m.recommend(-1, { history: [...seen].map((id) => [id, 1]) }))
    assert.deepEqual(m.recommend(1, { n: 0 }), [])
  }
  assert.equal(model.similarItems('sku1', { n: 3 }).length, 3)
  const vector = model.foldIn(['sku1'])
  assert.equal(vector.values.length, 8)
  assert.deepEqual(model.recommendVector(vector, { n: 3 }), model.recommend(-1, { n: 3, history: ['sku1'] }))
})

test('bad requests and hyperparameters are refused by name', async () => {
  assert.throws(() => model.recommend(-1), fails('unknown_id', /unknown user -1/))
  assert.throws(() => model.recommend('1'), fails('unknown_id'))
  for (const user of [null, undefined, 1.5, {}, true]) assert.throws(() => model.recommend(user), fails('invalid_input'))
  for (const n of [-1, 2.5, 'ten']) assert.throws(() => model.recommend(1, { n }), fails('invalid_params', /n must/))
  assert.throws(() => model.recommend(1, { m: 3 }), fails('invalid_params', /unknown option m/))
  for (const where of [{ colour: 1 }, { price: { near: 1 } }, 3, [1]]) {
    assert.throws(() => model.recommend(1, { where }), fails('invalid_params'))
  }
  assert.throws(() => new Als({ factors: 0 }), fails('invalid_params', /factors must be in/))
  assert.throws(() => new Als({ factor: 3 }), fails('invalid_params', /factor/))
  assert.throws(() => new Als({ factors: 'many' }), fails('invalid_params'))
  assert.throws(() => new Als().fit(shop, { sede: 1 }), fails('invalid_params', /sede/))
  assert.throws(() => new Als().fit(shop, { threads: -1 }), fails('invalid_params', /threads/))
  assert.throws(() => new Als().fit(shop, { deadline: 'soon' }), fails('invalid_params', /deadline/))
  await assert.rejects(new Als().fit(Interactions.fromArrays([], [])), fails('not_enough_data'))
  assert.equal(new Als({ factors: 3 }).params.factors, 3)
  assert.equal(new Als().params.regularization, 0.01)
})

test('evaluation gives the named metrics', async () => {
  const [train, rest] = shop.splitRandom(0.2, 1)
  const found = await mercato.evaluate(await new Popularity().fit(train), rest, [5])
  for (const name of ['recall@5', 'ndcg@5', 'hit@5', 'mrr@5', 'coverage@5']) assert.ok(found[name] >= 0 && found[name] <= 1)
  await assert.rejects(mercato.evaluate(model, rest, []), fails('invalid_params'))
})

test('the same seed gives the same bytes', async () => {
  const fit = async (run) => (await new Als({ factors: 4, iterations: 2 }).fit(shop, run)).toBytes()
  assert.deepEqual(await fit({ seed: 3, threads: 1 }), await fit({ seed: 3, threads: 2 }))
  assert.notDeepEqual(await fit({ seed: 3 }), await fit({ seed: 4, deadline: null }))
})

const long = new Als({ factors: 256, iterations: 10000 })

test('an AbortSignal stops running work at once', async () => {
  const abort = new AbortController()
  const job = long.fit(shop, { signal: abort.signal })
  setTimeout(() => abort.abort(), 100)
  let aborted
  abort.signal.addEventListener('abort', () => (aborted = performance.now()))
  await assert.rejects(job, (e) => fails('cancelled')(e) && e.name === 'AbortError')
  assert.ok(performance.now() - aborted < 1000)
  await assert.rejects(long.fit(shop, { signal: abort.signal }), fails('cancelled'))
})

test('a deadline is kept, and the event loop goes on meanwhile', async () => {
  let turns = 0
  const timer = setInterval(() => turns++, 5)
  await assert.rejects(long.fit(shop, { deadline: 0.3 }), fails('deadline_exceeded'))
  clearInterval(timer)
  assert.ok(turns > 5)
})

test('progress arrives, and what it throws stops the work', async () => {
  const seen = []
  await new Als({ iterations: 30 }).fit(shop, { onProgress: (p) => seen.push(p) })
  assert.ok(seen.some((p) => p.stage === 'als' && p.done > 0 && p.total > 0 && p.elapsed >= 0))
  const oops = new Error('oops')
  await assert.rejects(long.fit(shop, { onProgress: () => { throw oops } }), (e) => e === oops || e.message === 'oops')
})

test('every way back gives the same answers', async () => {
  for (const [name, m] of Object.entries(fitted)) {
    const path = join(folder, `${name}.mercato`)
    await m.save(path)
    const cls = m.constructor
    const expected = await m.recommendBatch(null, { where: { kind: 'odd' } })
    for (const again of [cls.open(path), cls.load(path), cls.fromBytes(m.toBytes()), mercato.open(path)]) {
      assert.ok(again instanceof cls)
      assert.deepEqual(await again.recommendBatch(null, { where: { kind: 'odd' } }), expected)
      assert.deepEqual(again.params, m.params)
    }
    assert.deepEqual(readFileSync(path), m.toBytes())
    assert.equal(mercato.inspect(path).bytes, readFileSync(path).length)
    mercato.verify(path)
    const bytes = readFileSync(path)
    bytes[bytes.length >> 1] ^= 1
    const broken = join(folder, 'broken.mercato')
    writeFileSync(broken, bytes)
    assert.throws(() => mercato.verify(broken), fails('corrupt_artifact'))
    assert.throws(() => cls.load(broken), fails('corrupt_artifact'))
  }
  assert.throws(() => mercato.AlsModel.open(join(folder, 'Popularity.mercato')), fails('wrong_kind'))
  assert.throws(() => mercato.open(join(folder, 'none.mercato')), fails('io'))
  await assert.rejects(model.save(join(folder, 'no', 'folder.mercato')), fails('io'))
})

test('a panic is an internal error and the process lives', () => {
  const { _testPanic } = createRequire(import.meta.url)('mercato')
  for (let i = 0; i < 3; i++) assert.throws(_testPanic, fails('internal', /asked to panic/))
  assert.ok(model.recommend(1).length)
})

test('worker threads each open the same file', async () => {
  const path = join(folder, 'shared.mercato')
  await model.save(path)
  const expected = model.recommend(1)
  const script = `
    const { parentPort, workerData } = require('node:worker_threads')
    const model = require(workerData.module).open(workerData.path)
    for (let i = 0; i < 200; i++) model.recommend(i % 300)
    parentPort.postMessage(model.recommend(1))`
  const module = createRequire(import.meta.url).resolve('mercato')
  const answers = Array.from({ length: 3 }, () =>
    new Promise((done, fail) => {
      const worker = new Worker(script, { eval: true, workerData: { path, module } })
      worker.on('message', done).on('error', fail)
    }),
  )
  for (const answer of await Promise.all(answers)) assert.deepEqual(answer, expected)
})

test('ten thousand open and close cycles do not leak', async () => {
  const path = join(folder, 'cycles.mercato')
  await fitted.Popularity.save(path)
  const cycles = async (n) => {
    for (let i = 0; i < n; i++) {
      mercato.open(path).recommend(1, { n: 3 })
      if (i % 100 === 0) await new Promise(setImmediate)
    }
    globalThis.gc?.()
    await new Promise(setImmediate)
  }
  await cycles(2000)
  const before = process.memoryUsage().rss
  await cycles(10000)
  assert.ok(process.memoryUsage().rss - before < 64e6)
})
