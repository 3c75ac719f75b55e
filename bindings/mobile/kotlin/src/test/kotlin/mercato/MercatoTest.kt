package mercato

import java.io.File
import java.nio.file.Files
import kotlin.concurrent.thread
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertTrue

class MercatoTest {
    private val als = golden("als/v1").path

    @Test
    fun `a model answers users, strangers and filters`() = AlsModel.open(als).use { model ->
        val items = model.items()
        val visitor = Query(history = listOf(Event(items[0]), Event(items[1], 2f)))
        val found = model.recommend(-1L, 3u, visitor)
        assertEquals(3, found.size)
        assertTrue(found.none { it.id == items[0] || it.id == items[1] })
        assertTrue(found.zipWithNext().all { (a, b) -> a.score >= b.score })
        val cheap = model.recommend(-1L, 9u, visitor.copy(filter = """{"price": {"lt": 5}}"""))
        assertTrue(cheap.size < 9)
        val why = model.explain(id(-1L), found[0].id, visitor)
        assertEquals("exact", why.kind)
        assertEquals(found[0].score, why.contributions.map { it.part }.sum() + why.rest, 1e-4f)
    }

    @Test
    fun `what cannot be used is a typed error`() {
        assertFailsWith<MercatoException.Io> { AlsModel.open("no such file") }
        assertFailsWith<MercatoException.WrongKind> { ItemKnnModel.open(als) }
        assertFailsWith<MercatoException.CorruptArtifact> { AlsModel.fromBytes(ByteArray(100)) }
        AlsModel.open(als).use { model ->
            assertFailsWith<MercatoException.UnknownId> { model.recommend(id("nobody")) }
            val e = assertFailsWith<MercatoException.InvalidParams> {
                model.recommend(id(0L), 3u, Query(filter = "not json", history = emptyList()))
            }
            assertTrue("JSON" in e.reason)
        }
        val closed = AlsModel.open(als).also { it.close() }
        assertFailsWith<IllegalStateException> { closed.items() }
    }

    @Test
    fun `many threads share one model`() = Recommender.open(als).use { model ->
        val query = Query(history = listOf(Event(model.items()[0])))
        val expected = model.recommend(-1L, 5u, query)
        val wrong = java.util.concurrent.atomic.AtomicInteger()
        (1..8).map { thread { repeat(200) { if (model.recommend(-1L, 5u, query) != expected) wrong.incrementAndGet() } } }
            .forEach { it.join() }
        assertEquals(0, wrong.get())
    }

    @Test
    fun `ten thousand opens and closes leak nothing`() {
        val resident = { File("/proc/self/statm").takeIf { it.exists() }?.readText()?.split(" ")?.get(1)?.toLong() ?: 0L }
        repeat(10_000) { AlsModel.open(als).close() }
        System.gc()
        val before = resident()
        repeat(10_000) { AlsModel.open(als).close() }
        System.gc()
        val grown = (resident() - before) * 4096
        println("resident memory grew by $grown bytes over 10,000 cycles")
        assertTrue(grown < 16L shl 20, "grew by $grown bytes")
    }

    @Test
    fun `an index is searched, changed and saved`() = VectorIndex.open(File(root, "testdata/artifacts/vector_index/v1/graph.mercato").path).use { index ->
        val query = List(index.dim().toInt()) { 0.5f }
        val before = index.search(query, k = 5u)
        assertEquals(5, before.size)
        index.upsert(listOf(id(1000L)), query)
        assertEquals(Id.Int(1000), index.search(query, k = 1u)[0].id)
        val path = Files.createTempFile("index", ".mercato").toString()
        index.save(path)
        VectorIndex.open(path).use { assertEquals(index.size(), it.size()) }
        assertEquals(1uL, index.remove(listOf(id(1000L))))
        assertEquals(before, index.search(query, k = 5u))
        assertFailsWith<MercatoException.InvalidInput> { index.search(listOf(1f)) }
        assertFailsWith<MercatoException.InvalidInput> { index.upsert(listOf(id(1L), id("a")), query + query) }
        Unit
    }

    @Test
    fun `messages are understood and learnt from`() = IntentModel.open(golden("intent_classifier/v1").path).use { model ->
        val top = model.classify("where is my parcel", n = 2u)
        assertEquals(listOf(id("track"), 2), listOf(top[0].id, top.size))
        assertTrue(model.isOutOfScope("").rejected)
        model.learn(listOf("do you sell gift cards", "a gift card please"), listOf("gift_card", "gift_card")).use {
            assertTrue("gift_card" in it.labels() && "gift_card" !in model.labels())
        }
    }

    @Test
    fun `knowledge is cited and entities found`() {
        KnowledgeBase().use { kb ->
            kb.add(listOf(Document("returns", "Returns", "Return any item within 30 days. Keep the receipt.")))
            val passage = kb.search("how long to return an item")[0]
            assertEquals("returns", passage.id)
            assertTrue(passage.start < passage.end)
            assertEquals(1uL, kb.remove(listOf("returns")))
            assertTrue(kb.search("return").isEmpty())
        }
        EntityExtractor().use { extractor ->
            val found = extractor.extract("order A1234567, \u00A599.50")
            assertEquals(listOf("order" to "A1234567", "amount" to "99.50 CNY"), found.map { it.kind to it.value })
        }
    }
}
