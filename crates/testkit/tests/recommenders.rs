//! Every recommender keeps every promise.

use mercato::recsys::als::Solver;
use mercato::recsys::ease::Form;
use mercato::recsys::item_knn::Similarity;
use mercato::recsys::{Als, Ease, ItemKnn, Popularity, RepeatBasket, SequenceLinear};
use mercato_testkit::promises;

#[test]
fn als_by_conjugate_gradients() {
    promises::recommender("als cg", |d, r| Als::default().factors(6).iterations(4).fit(d, r));
}

#[test]
fn als_by_cholesky() {
    let als = Als::default().factors(5).iterations(3).solver(Solver::Cholesky);
    promises::recommender("als cholesky", move |d, r| als.fit(d, r));
}

#[test]
fn item_neighbours_of_every_similarity() {
    for s in [Similarity::Cosine, Similarity::TfIdf, Similarity::Bm25, Similarity::Rp3Beta] {
        let knn = ItemKnn::default().neighbors(7).similarity(s);
        promises::recommender(&format!("item knn {s:?}"), move |d, r| knn.fit(d, r));
    }
}

#[test]
fn ease() {
    for form in [Form::Dense, Form::Sparse] {
        let ease = Ease::default().regularization(3.0).neighbors(20).form(form);
        promises::recommender(&format!("ease {form:?}"), move |d, r| ease.fit(d, r));
    }
}

#[test]
fn sequence_linear() {
    promises::recommender("sequence_linear", |d, r| SequenceLinear::default().fit(d, r));
}

#[test]
fn repeat_basket() {
    promises::recommender("repeat_basket", |d, r| RepeatBasket::default().fit(d, r));
}

#[test]
fn popularity() {
    promises::recommender("popularity", |d, r| Popularity::default().fit(d, r));
}
