/** Ids as plain strings and numbers, so that `model.recommend("12583", 10u)` works. */
package mercato

/** The id of a string. */
fun id(value: String): Id = Id.Str(value)

/** The id of an integer. */
fun id(value: Long): Id = Id.Int(value)

/** A history of items of weight 1, oldest first. */
fun historyOf(vararg items: String): List<Event> = items.map { Event(id(it)) }

/** A history of items of weight 1, oldest first. */
fun historyOf(vararg items: Long): List<Event> = items.map { Event(id(it)) }

fun RecommenderInterface.recommend(user: String, n: UInt = 10u, query: Query? = null) = recommend(id(user), n, query)
fun RecommenderInterface.similarItems(item: String, n: UInt = 10u, query: Query? = null) = similarItems(id(item), n, query)
fun RecommenderInterface.recommend(user: Long, n: UInt = 10u, query: Query? = null) = recommend(id(user), n, query)
fun RecommenderInterface.similarItems(item: Long, n: UInt = 10u, query: Query? = null) = similarItems(id(item), n, query)

fun AlsModelInterface.recommend(user: String, n: UInt = 10u, query: Query? = null) = recommend(id(user), n, query)
fun AlsModelInterface.similarItems(item: String, n: UInt = 10u, query: Query? = null) = similarItems(id(item), n, query)
fun AlsModelInterface.recommend(user: Long, n: UInt = 10u, query: Query? = null) = recommend(id(user), n, query)
fun AlsModelInterface.similarItems(item: Long, n: UInt = 10u, query: Query? = null) = similarItems(id(item), n, query)

fun BlendModelInterface.recommend(user: String, n: UInt = 10u, query: Query? = null) = recommend(id(user), n, query)
fun BlendModelInterface.similarItems(item: String, n: UInt = 10u, query: Query? = null) = similarItems(id(item), n, query)
fun BlendModelInterface.recommend(user: Long, n: UInt = 10u, query: Query? = null) = recommend(id(user), n, query)
fun BlendModelInterface.similarItems(item: Long, n: UInt = 10u, query: Query? = null) = similarItems(id(item), n, query)

fun EaseModelInterface.recommend(user: String, n: UInt = 10u, query: Query? = null) = recommend(id(user), n, query)
fun EaseModelInterface.similarItems(item: String, n: UInt = 10u, query: Query? = null) = similarItems(id(item), n, query)
fun EaseModelInterface.recommend(user: Long, n: UInt = 10u, query: Query? = null) = recommend(id(user), n, query)
fun EaseModelInterface.similarItems(item: Long, n: UInt = 10u, query: Query? = null) = similarItems(id(item), n, query)

fun ItemKnnModelInterface.recommend(user: String, n: UInt = 10u, query: Query? = null) = recommend(id(user), n, query)
fun ItemKnnModelInterface.similarItems(item: String, n: UInt = 10u, query: Query? = null) = similarItems(id(item), n, query)
fun ItemKnnModelInterface.recommend(user: Long, n: UInt = 10u, query: Query? = null) = recommend(id(user), n, query)
fun ItemKnnModelInterface.similarItems(item: Long, n: UInt = 10u, query: Query? = null) = similarItems(id(item), n, query)

fun PopularityModelInterface.recommend(user: String, n: UInt = 10u, query: Query? = null) = recommend(id(user), n, query)
fun PopularityModelInterface.similarItems(item: String, n: UInt = 10u, query: Query? = null) = similarItems(id(item), n, query)
fun PopularityModelInterface.recommend(user: Long, n: UInt = 10u, query: Query? = null) = recommend(id(user), n, query)
fun PopularityModelInterface.similarItems(item: Long, n: UInt = 10u, query: Query? = null) = similarItems(id(item), n, query)

fun QuantizedModelInterface.recommend(user: String, n: UInt = 10u, query: Query? = null) = recommend(id(user), n, query)
fun QuantizedModelInterface.similarItems(item: String, n: UInt = 10u, query: Query? = null) = similarItems(id(item), n, query)
fun QuantizedModelInterface.recommend(user: Long, n: UInt = 10u, query: Query? = null) = recommend(id(user), n, query)
fun QuantizedModelInterface.similarItems(item: Long, n: UInt = 10u, query: Query? = null) = similarItems(id(item), n, query)

fun RepeatBasketModelInterface.recommend(user: String, n: UInt = 10u, query: Query? = null) = recommend(id(user), n, query)
fun RepeatBasketModelInterface.similarItems(item: String, n: UInt = 10u, query: Query? = null) = similarItems(id(item), n, query)
fun RepeatBasketModelInterface.recommend(user: Long, n: UInt = 10u, query: Query? = null) = recommend(id(user), n, query)
fun RepeatBasketModelInterface.similarItems(item: Long, n: UInt = 10u, query: Query? = null) = similarItems(id(item), n, query)

fun SequenceLinearModelInterface.recommend(user: String, n: UInt = 10u, query: Query? = null) = recommend(id(user), n, query)
fun SequenceLinearModelInterface.similarItems(item: String, n: UInt = 10u, query: Query? = null) = similarItems(id(item), n, query)
fun SequenceLinearModelInterface.recommend(user: Long, n: UInt = 10u, query: Query? = null) = recommend(id(user), n, query)
fun SequenceLinearModelInterface.similarItems(item: Long, n: UInt = 10u, query: Query? = null) = similarItems(id(item), n, query)

fun SpectralModelInterface.recommend(user: String, n: UInt = 10u, query: Query? = null) = recommend(id(user), n, query)
fun SpectralModelInterface.similarItems(item: String, n: UInt = 10u, query: Query? = null) = similarItems(id(item), n, query)
fun SpectralModelInterface.recommend(user: Long, n: UInt = 10u, query: Query? = null) = recommend(id(user), n, query)
fun SpectralModelInterface.similarItems(item: Long, n: UInt = 10u, query: Query? = null) = similarItems(id(item), n, query)
