use super::*;

fn found(text: &str) -> Vec<(String, String)> {
    let x = EntityExtractor::default();
    x.extract(text, None).into_iter().map(|e| (e.kind, e.value)).collect()
}

fn one(text: &str, kind: &str, value: &str) {
    assert_eq!(found(text), [(kind.to_owned(), value.to_owned())], "{text}");
}

#[test]
fn each_kind_is_found_and_normalised() {
    one("mail me at Jane.Doe+x@Example.co.uk.", "email", "jane.doe+x@example.co.uk");
    one("call +44 20 7946 0958 please", "phone", "+442079460958");
    one("ring (415) 555-2671", "phone", "4155552671");
    one("我的电话是１３８ １２３４ ５６７８", "phone", "13812345678");
    one("打400-820-8820", "phone", "4008208820");
    one("paid $1,234.5 already", "amount", "1234.50 USD");
    one("花了99块钱", "amount", "99.00 CNY");
    one("it cost 20 euros", "amount", "20.00 EUR");
    one("on 2024-02-29", "date", "2024-02-29");
    one("2024年3月5日下单", "date", "2024-03-05");
    one("3月5号买的", "date", "--03-05");
    one("bought on March 5th, 2023", "date", "2023-03-05");
    one("since 5 Sept 2023", "date", "2023-09-05");
    one("昨天买的", "date", "P-1D");
    one("ordered 3 days ago", "date", "P-3D");
    one("order #A-10023 is late", "order", "A-10023");
    one("订单号：20240101888", "order", "20240101888");
    one("where is 1Z999AA10123456784", "tracking", "1Z999AA10123456784");
    one("RR473124829US?", "tracking", "RR473124829US");
    one("快递SF1234567890123", "tracking", "SF1234567890123");
    one("sku tx-99b in red", "sku", "TX-99B");
}

#[test]
fn impossible_values_are_not_reported() {
    for text in [
        "on 2023-02-29",
        "13月5日",
        "1Z999AA10123456785",
        "RR473124828US",
        "a@b",
        "@@@",
        "100% of 3.14",
        "I have 2 cats",
        "maybe 5",
        "",
        "....----",
    ] {
        let hits: Vec<_> = found(text).into_iter().filter(|x| x.0 != "sku").collect();
        assert!(hits.is_empty(), "{text}: {hits:?}");
    }
}

#[test]
fn spans_are_in_characters_and_bytes_of_the_message() {
    let text = "您好，ｅｍａｉｌ是 a@b.cn，订单88889999";
    for e in EntityExtractor::default().extract(text, None) {
        assert_eq!(&text[e.byte_start..e.byte_end], e.text);
        let by_chars: String = text.chars().skip(e.start).take(e.end - e.start).collect();
        assert_eq!(by_chars, e.text);
    }
}

#[test]
fn a_tenants_names_come_with_the_call_and_stay_there() {
    let names = |kind: &str, value: &str, alias: &str| {
        Names::from([(kind.into(), [(value.to_owned(), vec![alias.to_owned()])].into())])
    };
    let shop = EntityExtractor::new(Patterns::None, &names("brand", "Acme", "阿克米")).unwrap();
    let tenant = Dictionary::new(&names("product", "AeroPress", "爱乐压")).unwrap();
    let text = "ACME 爱乐压和阿克米的aeropress，不是 acmes";
    let kinds: Vec<_> =
        shop.extract(text, Some(&tenant)).into_iter().map(|e| (e.kind, e.value)).collect();
    let (b, p) = (("brand".into(), "Acme".into()), ("product".into(), "AeroPress".into()));
    assert_eq!(kinds, [b.clone(), p.clone(), b, p]);
    assert_eq!(shop.extract(text, None).len(), 2);
    assert!(Dictionary::new(&names("x", " ", "y")).is_err());
}

#[test]
fn long_and_odd_messages_are_read_in_linear_time() {
    for piece in ["a", "1", "@", "a@", "1-", "+", "(", "$1,", "年", "e\u{301}", "1 "] {
        let text = piece.repeat(200_000 / piece.len());
        let started = std::time::Instant::now();
        let _ = EntityExtractor::default().extract(&text, None);
        assert!(started.elapsed().as_secs() < 20, "{piece}");
    }
}

fn tagged() -> Vec<Tagged> {
    let brands = ["安踏", "nike", "李宁", "Adidas"];
    let goods = ["跑鞋", "背包", "手表", "t恤"];
    let mut out = vec![];
    for b in brands {
        for g in goods {
            for (before, middle, after) in [("正品", "新款", "包邮"), ("", "男士", "2024")]
            {
                let text = format!("{before}{b}{middle}{g}{after}");
                let at = |w: &str| {
                    let start = text[..text.find(w).unwrap()].chars().count();
                    (start, start + w.chars().count())
                };
                let spans = [("brand", b), ("good", g)]
                    .map(|(k, w)| (at(w).0, at(w).1, k.to_owned()))
                    .to_vec();
                out.push(Tagged { text, spans });
            }
        }
    }
    out
}

#[test]
fn a_tagger_learns_names_it_was_not_told() {
    use mercato_core::{Persist, Run};
    let bytes = |threads| {
        let run = Run::seed(1).with_threads(threads);
        EntityTagger::default().fit(&tagged(), &run).unwrap().to_bytes().unwrap()
    };
    let saved = bytes(1);
    assert_eq!(saved, bytes(3));
    let tagger = TaggerModel::from_bytes(&saved).unwrap();
    let x = EntityExtractor::default().with_tagger(Arc::new(tagger));
    let found = x.extract("正品匹克新款跑鞋包邮，订单A1234567", None);
    let seen: Vec<_> = found.iter().map(|e| (e.kind.as_str(), e.text.as_str())).collect();
    assert_eq!(seen[..2], [("brand", "匹克"), ("good", "跑鞋")]);
    assert!(seen.contains(&("order", "A1234567")), "{seen:?}");
    assert!(x.extract("", None).is_empty());
}

#[test]
fn unusable_tags_are_refused() {
    use mercato_core::{ErrorCode, Run};
    let fit = |spans: Vec<(usize, usize, String)>| {
        let example = Tagged { text: "abc".into(), spans };
        EntityTagger::default().fit(&[example], &Run::seed(0)).unwrap_err().code()
    };
    let k = || "k".to_owned();
    assert_eq!(fit(vec![]), ErrorCode::NotEnoughData);
    assert_eq!(fit(vec![(0, 4, k())]), ErrorCode::InvalidInput);
    assert_eq!(fit(vec![(2, 2, k())]), ErrorCode::InvalidInput);
    assert_eq!(fit(vec![(0, 2, k()), (1, 3, k())]), ErrorCode::InvalidInput);
}
