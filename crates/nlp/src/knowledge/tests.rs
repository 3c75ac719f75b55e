use super::*;
use mercato_core::ErrorCode;

fn faq() -> KnowledgeBase {
    let mut kb = KnowledgeBase::default();
    kb.add(vec![
        Document::new("a", "Returns", "Return any item within 30 days. Refunds take a week."),
        Document::new("b", "Shipping", "Shipping is free above 50 dollars."),
        Document::new("c", "发票", "下单时可以申请电子发票。发票会发送到您的邮箱。"),
    ])
    .unwrap();
    kb
}

fn ids(kb: &KnowledgeBase, q: &str) -> Vec<String> {
    kb.search(q, 3).into_iter().map(|p| p.id).collect()
}

#[test]
fn passages_cite_characters_of_the_document() {
    let mut kb =
        KnowledgeBase::new(KnowledgeOptions { passage_chars: 20, ..KnowledgeOptions::default() })
            .unwrap();
    let text = "中文在前。Refunds take five days. 运费由买家承担。";
    kb.add(vec![Document::new("x", "", text)]).unwrap();
    for q in ["refund", "运费"] {
        let p = &kb.search(q, 1)[0];
        let cited: String = text.chars().skip(p.start).take(p.end - p.start).collect();
        assert_eq!(cited, p.text);
        assert!(crate::text::fold(&p.text).contains(q));
    }
}

#[test]
fn changes_are_visible_to_the_next_query_and_leave_no_trace() {
    let mut kb = faq();
    assert_eq!(ids(&kb, "怎么开发票"), ["c"]);
    kb.add(vec![Document::new("b", "Shipping", "Delivery costs five dollars.")]).unwrap();
    assert!(ids(&kb, "free above").is_empty());
    assert_eq!(ids(&kb, "delivery cost"), ["b"]);
    assert_eq!(kb.remove(&["c", "nobody"]), 1);
    assert!(ids(&kb, "怎么开发票").is_empty());
    assert_eq!(kb.len(), 2);
    assert_eq!(kb.ids().collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn scores_after_many_changes_equal_those_of_a_fresh_index() {
    let mut kb = KnowledgeBase::from_bytes(&faq().to_bytes().unwrap()).unwrap();
    kb.remove(&["b"]);
    kb.add(vec![Document::new("d", "Gift cards", "Gift cards never expire. Return them? No.")])
        .unwrap();
    let mut fresh = KnowledgeBase::default();
    fresh.add(["a", "c", "d"].iter().map(|i| kb.document(i).unwrap().clone()).collect()).unwrap();
    for q in ["return an item", "发票 邮箱", "gift card"] {
        assert_eq!(kb.search(q, 5), fresh.search(q, 5), "{q}");
    }
    assert_eq!(kb.to_bytes().unwrap(), fresh.to_bytes().unwrap());
}

#[test]
fn a_saved_base_answers_alike_and_can_be_changed() {
    let kb = faq();
    let mut back = KnowledgeBase::from_bytes(&kb.to_bytes().unwrap()).unwrap();
    assert_eq!(back.search("refund week", 3), kb.search("refund week", 3));
    back.remove(&["a"]);
    assert!(ids(&back, "refund week").is_empty());
}

#[test]
fn damaged_sections_never_panic() {
    let bytes = faq().to_bytes().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kb.mercato");
    for i in (64..bytes.len()).step_by(7) {
        let mut broken = bytes.clone();
        broken[i] ^= 0x55;
        assert!(KnowledgeBase::from_bytes(&broken).is_err());
        // Opening does not verify checksums: whatever is read must still be safe to use.
        std::fs::write(&path, &broken).unwrap();
        if let Ok(kb) = KnowledgeBase::open(&path) {
            let _ = kb.search("return 发票 shipping", 3);
        }
    }
}

#[test]
fn bad_documents_are_refused_whole() {
    let mut kb = faq();
    let twice = vec![Document::new("x", "", "one"), Document::new("x", "", "two")];
    assert_eq!(kb.add(twice).unwrap_err().code(), ErrorCode::InvalidInput);
    assert_eq!(
        kb.add(vec![Document::new("", "", "one")]).unwrap_err().code(),
        ErrorCode::InvalidInput
    );
    assert_eq!(kb.len(), 3);
    assert!(kb.search("", 5).is_empty());
    assert!(kb.search("zzz", 5).is_empty());
    assert!(kb.search("return", 0).is_empty());
}
