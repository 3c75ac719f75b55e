use crate::{
    ErrorCode, IntentClassifier, IntentModel, Persist, Run, SentimentClassifier, TextClassifier,
    evaluate,
};

const TRACK: [&str; 8] = [
    "where is my parcel",
    "track my order please",
    "has my package shipped yet",
    "my delivery has not arrived",
    "when will the parcel arrive",
    "package tracking status",
    "我的包裹到哪里了",
    "快递什么时候到",
];
const REFUND: [&str; 8] = [
    "i want my money back",
    "please refund my purchase",
    "how do i get a refund",
    "refund the wrong charge",
    "return this and pay me back",
    "money back for a broken item",
    "我要退款",
    "怎么申请退款退货",
];
const PASSWORD: [&str; 8] = [
    "i forgot my password",
    "reset the password of my account",
    "cannot log in to my account",
    "login does not work",
    "change my password please",
    "account locked after wrong password",
    "密码忘记了怎么办",
    "账号登录不了",
];

fn data() -> (Vec<&'static str>, Vec<&'static str>) {
    let all = [("track", TRACK), ("refund", REFUND), ("password", PASSWORD)];
    let texts = all.iter().flat_map(|x| x.1).collect();
    (texts, all.iter().flat_map(|x| [x.0; 8]).collect())
}

fn fit(run: &Run) -> IntentModel {
    let (texts, labels) = data();
    IntentClassifier::default().min_count(1).fit(&texts, &labels, &[""; 0], run).unwrap()
}

fn best(model: &IntentModel, text: &str) -> String {
    model.classify(text, 1)[0].id.to_string()
}

#[test]
fn one_thread_and_many_give_the_same_bytes() {
    let bytes = |n| fit(&Run::seed(7).with_threads(n)).to_bytes().unwrap();
    assert_eq!(bytes(1), bytes(4));
}

#[test]
fn unseen_messages_in_both_languages_are_understood() {
    let model = fit(&Run::seed(0));
    assert_eq!(best(&model, "WHERE IS THE PARCEL?"), "track");
    assert_eq!(best(&model, "想要退款"), "refund");
    assert_eq!(best(&model, "password reset"), "password");
    let all = model.classify("refund", 9);
    assert_eq!(all.len(), 3);
    assert!((all.iter().map(|s| s.score).sum::<f32>() - 1.0).abs() < 1e-5);
    let why = model.explain("please refund this", 3);
    assert_eq!(why.label, "refund");
    assert!(why.grams[0].0.contains("ref") && why.grams[0].1 > 0.0, "{why:?}");
}

#[test]
fn nonsense_is_further_out_of_scope_than_any_example() {
    let model = fit(&Run::seed(0));
    assert!(model.is_out_of_scope("").rejected);
    assert!(model.is_out_of_scope(" \u{0} \t").rejected);
    let far = model.is_out_of_scope("zebras juggle quietly under violet moons").score;
    assert!(far > model.is_out_of_scope("please refund my order").score);
}

#[test]
fn batch_and_single_answers_agree() {
    let model = fit(&Run::seed(0));
    let texts = ["my parcel", "退款", "", "🤷 ?"];
    let p = model.predict_proba(&texts, &Run::seed(0)).unwrap();
    let batch = model.classify_batch(&texts, &Run::seed(0)).unwrap();
    for (i, t) in texts.iter().enumerate() {
        let one = &model.classify(t, 1)[0];
        assert_eq!(one.id.to_string(), model.labels()[batch[i].0 as usize]);
        assert_eq!(one.score, batch[i].1);
        assert_eq!(one.score, p[i * 3 + batch[i].0 as usize]);
    }
}

#[test]
fn a_new_intent_is_learnt_and_the_others_keep_their_weights() {
    let old = fit(&Run::seed(0));
    let texts = ["do you sell gift cards", "buy a gift card", "gift card balance", "礼品卡怎么用"];
    let new = old.learn(&texts, &["gift"; 4], &Run::seed(0)).unwrap();
    assert_eq!(new.labels().len(), 4);
    assert_eq!(new.revision(), 1);
    assert_eq!(best(&new, "a gift card for my mother"), "gift");
    for (text, label) in data().0.iter().zip(data().1) {
        assert_eq!(best(&new, text), label, "{text}");
        let explain = |m: &IntentModel| m.explain(text, 5).grams;
        let names = |m: &IntentModel| explain(m).into_iter().map(|g| g.0).collect::<Vec<_>>();
        assert_eq!(names(&old), names(&new));
    }
    let back = IntentModel::from_bytes(&new.to_bytes().unwrap()).unwrap();
    assert_eq!(back.classify("礼品卡", 4), new.classify("礼品卡", 4));
}

#[test]
fn a_known_intent_learns_a_new_wording() {
    let old = fit(&Run::seed(0));
    let text = "the courier vanished with my stuff";
    let new = old.learn(&[text], &["track"], &Run::seed(0)).unwrap();
    let p = |m: &IntentModel| {
        m.classify(text, 3).into_iter().find(|s| s.id.to_string() == "track").unwrap().score
    };
    assert!(p(&new) > p(&old) && best(&new, text) == "track");
}

#[test]
fn odd_data_gives_typed_errors_or_documented_results() {
    let c = IntentClassifier::default();
    let run = Run::seed(0);
    let none = [""; 0];
    let code = |r: mercato_core::Result<IntentModel>| r.unwrap_err().code();
    assert_eq!(code(c.fit(&none, &none, &none, &run)), ErrorCode::NotEnoughData);
    assert_eq!(code(c.fit(&["a"], &["x", "y"], &none, &run)), ErrorCode::InvalidInput);
    assert_eq!(code(c.fit(&["a"], &[""], &none, &run)), ErrorCode::InvalidInput);
    let bad = IntentClassifier { folds: 99, ..c.clone() };
    assert_eq!(code(bad.fit(&["a"], &["x"], &none, &run)), ErrorCode::InvalidParams);

    // One label only: it is always the answer.
    let one = c.fit(&["a b", "c d"], &["x", "x"], &none, &run).unwrap();
    assert_eq!(one.classify("zzz", 3).len(), 1);
    assert_eq!(code(one.learn(&["q"], &["y"], &run)), ErrorCode::Unsupported);
    // One example per label: nothing can be held out, and nothing is rejected.
    let few =
        c.clone().min_count(1).fit(&["tea", "cup", "pot"], &["a", "b", "c"], &none, &run).unwrap();
    assert_eq!(best(&few, "cup"), "b");
    assert!(!few.is_out_of_scope("tea").rejected);
    // Texts without a single n-gram in common.
    let empty = c.fit(&["", " "], &["a", "b"], &none, &run).unwrap();
    assert_eq!(empty.classify("", 2).len(), 2);
    let forgetful = fit_with_memory_0();
    assert_eq!(code(forgetful.learn(&["q"], &["y"], &run)), ErrorCode::Unsupported);
}

fn fit_with_memory_0() -> IntentModel {
    let (texts, labels) = data();
    IntentClassifier::default().memory(0).fit(&texts, &labels, &[""; 0], &Run::seed(0)).unwrap()
}

#[test]
fn a_cancelled_run_stops() {
    let token = mercato_core::CancelToken::new();
    token.cancel();
    let (texts, labels) = data();
    let run = Run::seed(0).with_cancel(&token);
    let e = IntentClassifier::default().fit(&texts, &labels, &[""; 0], &run).unwrap_err();
    assert_eq!(e.code(), ErrorCode::Cancelled);
}

#[test]
fn damaged_models_are_refused_or_safe() {
    let bytes = fit(&Run::seed(0)).to_bytes().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("m.mercato");
    for i in (0..bytes.len()).step_by(bytes.len() / 300 + 1) {
        let mut broken = bytes.clone();
        broken[i] ^= 0xff;
        assert!(IntentModel::from_bytes(&broken).is_err());
        std::fs::write(&path, &broken).unwrap();
        if let Ok(m) = IntentModel::open(&path) {
            let _ = m.classify("where is my parcel 退款", 3);
            let _ = m.explain("where is my parcel 退款", 3);
            let _ = m.learn(&["new"], &["new"], &Run::seed(0));
        }
    }
    assert!(IntentModel::from_bytes(&bytes[..bytes.len() / 2]).is_err());
}

#[test]
fn a_megabyte_of_anything_is_read() {
    let model = fit(&Run::seed(0));
    for piece in ["a", "ab ", "退", "🤷", "e\u{301}", "ש", "\u{200d}", "'"] {
        let _ = model.classify(&piece.repeat(1_000_000 / piece.len()), 1);
    }
}

#[test]
fn evaluation_counts_what_it_says() {
    let model = fit(&Run::seed(0));
    let (texts, labels) = data();
    let e = evaluate(&model, &texts, &labels, &["zebra moons juggle"], &Run::seed(0)).unwrap();
    assert_eq!((e.accuracy, e.macro_f1), (1.0, 1.0));
    assert!(e.oos_auroc.unwrap() > 0.9);
}

#[test]
fn two_labels_share_one_column_and_agree_with_their_probabilities() {
    let texts = ["很好，喜欢", "质量好，推荐", "太差了", "失望，质量差", "好看", "难看，差"];
    let labels = ["pos", "pos", "neg", "neg", "pos", "neg"];
    let model =
        SentimentClassifier::default().min_count(1).fit(&texts, &labels, &Run::seed(0)).unwrap();
    assert_eq!(model.classify("质量太差", 1)[0].id.to_string(), "neg");
    assert_eq!(model.classify("推荐，好", 1)[0].id.to_string(), "pos");
    assert_eq!(model.explain("质量太差", 1).label, "neg");
    let back = crate::TextModel::from_bytes(&model.to_bytes().unwrap()).unwrap();
    assert_eq!(back.classify("好", 2), model.classify("好", 2));
}

#[test]
fn three_hundred_labels_need_two_bytes_each_and_work() {
    let texts: Vec<String> = (0..600).map(|i| format!("topic{} number {i}", i % 300)).collect();
    let labels: Vec<String> = (0..600).map(|i| format!("t{}", i % 300)).collect();
    let mut c = TextClassifier::default().min_count(1).c(10.0);
    c.folds = 0;
    let model = c.fit(&texts, &labels, &Run::seed(0)).unwrap();
    let model = crate::TextModel::from_bytes(&model.to_bytes().unwrap()).unwrap();
    assert_eq!(model.classify("topic271", 1)[0].id.to_string(), "t271");
}
