/** The Kotlin runner of the language-neutral vectors; conformance/README.md tells their format. */
package mercato

import com.google.gson.JsonArray
import com.google.gson.JsonElement
import com.google.gson.JsonObject
import com.google.gson.JsonParser
import java.io.File
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertTrue
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.TestFactory

val root = File(System.getProperty("mercato.root"))

fun golden(name: String) = File(root, "testdata/artifacts/$name/golden.mercato")

fun read(path: String): JsonElement = JsonParser.parseString(File(root, "conformance/vectors/$path").readText())

/** A field that this runner does not know must not pass unnoticed. */
fun JsonObject.only(vararg known: String) = keySet().forEach { assertTrue(it in known, "unknown field $it") }

fun idOf(value: JsonElement): Id =
    if (value.asJsonPrimitive.isString) Id.Str(value.asString) else Id.Int(value.asLong)

fun number(value: JsonElement): Float = when (val text = value.asString) {
    "nan" -> Float.NaN
    "inf" -> Float.POSITIVE_INFINITY
    "-inf" -> Float.NEGATIVE_INFINITY
    else -> text.toFloat()
}

/** The code of an error, as docs/errors.md has it. */
fun code(e: MercatoException): String =
    e::class.simpleName!!.replace(Regex("(?<=[a-z])(?=[A-Z])"), "_").lowercase()

class ConformanceTest {
    private fun ask(model: Recommender, case: JsonObject): List<Scored> {
        val n = case["n"].asInt.toUInt()
        val query = Query(
            excludeSeen = case["exclude_seen"]?.asBoolean ?: true,
            filter = case["where"]?.toString(),
            items = case["items"]?.asJsonArray?.map(::idOf),
            history = case["history"]?.asJsonArray?.map { row ->
                val pair = row.asJsonArray
                Event(idOf(pair[0]), number(pair[1]))
            },
        )
        return case["item"]?.let { model.similarItems(idOf(it), n, query) }
            ?: model.recommend(idOf(case["user"]), n, query)
    }

    private fun check(model: () -> Recommender, case: JsonObject) {
        case.only("name", "golden", "user", "item", "n", "exclude_seen", "where", "items", "history", "expect", "error")
        case["error"]?.let { expected ->
            val e = assertFailsWith<MercatoException> { model().use { ask(it, case) } }
            return assertEquals(expected.asString, code(e))
        }
        val found = model().use { ask(it, case) }.map { s ->
            JsonArray().apply {
                when (val id = s.id) {
                    is Id.Str -> add(id.value)
                    is Id.Int -> add(id.value)
                }
                add("%08x".format(s.score.toRawBits()))
            }
        }
        assertEquals(case["expect"].asJsonArray.toList().toString(), found.toString())
    }

    @TestFactory
    fun `golden models answer to the last bit`(): List<DynamicTest> =
        File(root, "conformance/vectors/recommendations").list()!!.sorted().flatMap { file ->
            val vectors = read("recommendations/$file").asJsonObject
            vectors.only("golden", "recommend", "similar")
            val path = golden(vectors["golden"].asString).path
            listOf("recommend", "similar").flatMap { vectors[it]?.asJsonArray ?: JsonArray() }
                .map { it.asJsonObject }
                .map { dynamicTest("$file ${it["name"].asString}") { check({ Recommender.open(path) }, it) } }
        }

    /** Estimators, evaluation and building data are not on the phone. */
    private val skipped = setOf("interactions", "fit", "evaluate")

    @TestFactory
    fun `errors have their codes`(): List<DynamicTest> =
        read("errors.json").asJsonArray.map { it.asJsonObject }
            .filter { case -> skipped.none(case::has) }
            .map { case ->
                dynamicTest(case["name"].asString) {
                    case.only("name", "open", "recommend", "similar", "error")
                    val asked = (case["recommend"] ?: case["similar"])?.asJsonObject
                    val e = assertFailsWith<MercatoException> {
                        if (asked == null) open(case["open"].asJsonObject)
                        else Recommender.open(golden(asked["golden"].asString).path).use { ask(it, asked) }
                    }
                    assertEquals(case["error"].asString, code(e))
                }
            }

    private fun open(case: JsonObject) {
        case.only("golden", "as", "flip", "cut")
        var bytes = golden(case["golden"].asString).readBytes()
        case["flip"]?.asJsonArray?.forEach { flip ->
            val (at, mask) = flip.asJsonArray.map { it.asInt }
            bytes[at] = (bytes[at].toInt() xor mask).toByte()
        }
        case["cut"]?.let { bytes = bytes.copyOf(it.asInt) }
        when (val kind = case["as"].asString) {
            "als" -> AlsModel.fromBytes(bytes).close()
            "item_knn" -> ItemKnnModel.fromBytes(bytes).close()
            "popularity" -> PopularityModel.fromBytes(bytes).close()
            else -> error("no model of kind $kind")
        }
    }
}
