use super::*;
use serde_json::json;

/// A table in memory.
struct Rows(Vec<(&'static str, TableColumn<'static>)>);

impl Table for Rows {
    fn column_names(&self) -> Vec<String> {
        self.0.iter().map(|c| c.0.to_owned()).collect()
    }
    fn column(&self, name: &str) -> Result<TableColumn<'_>> {
        let found = self.0.iter().find(|c| c.0 == name);
        found.map(|c| c.1.clone()).ok_or_else(|| no_such_column(name, self))
    }
}

fn texts(values: &[&'static str]) -> TableColumn<'static> {
    TableColumn::Texts(values.iter().map(|s| Some(Cow::Borrowed(*s))).collect())
}

fn table(weight: TableColumn<'static>, user: TableColumn<'static>) -> Rows {
    Rows(vec![("user_id", user), ("item_id", texts(&["a", "b"])), ("w", weight)])
}

fn read(table: &Rows) -> Result<Interactions> {
    let columns = InteractionColumns { weight: Some("w"), ..Default::default() };
    Interactions::from_table(table, columns)
}

#[test]
fn whole_floats_are_ids_and_others_are_not() {
    let ones = || TableColumn::Ints(vec![Some(1), Some(1)]);
    let inter = read(&table(ones(), TableColumn::Floats(vec![Some(17850.0), Some(3.0)]))).unwrap();
    assert_eq!(inter.users().as_ints().unwrap(), [3, 17850]);
    for user in [
        TableColumn::Floats(vec![Some(1.0), Some(1.5)]),
        TableColumn::Floats(vec![Some(1.0), None]),
        TableColumn::Ints(vec![Some(1), None]),
        TableColumn::Bools(vec![Some(true), Some(false)]),
    ] {
        let e = read(&table(ones(), user)).unwrap_err();
        assert_eq!(e.code().as_str(), "invalid_input");
        assert_eq!(e.context().next(), Some(("column", "user_id")), "{e}");
    }
}

#[test]
fn bad_weights_and_missing_columns_are_named() {
    for bad in [f64::NAN, f64::INFINITY, -2.0] {
        let weight = TableColumn::Floats(vec![Some(1.0), Some(bad)]);
        let e = read(&table(weight, texts(&["x", "y"]))).unwrap_err();
        let context: Vec<_> = e.context().collect();
        assert_eq!(context, [("column", "w"), ("row", "1")]);
    }
    let none = Rows(vec![("user_id", texts(&["x"]))]);
    let e = read(&none).unwrap_err();
    assert!(e.message().contains("\"item_id\"") && e.message().contains("user_id"), "{e}");
}

#[test]
fn attributes_take_each_type_of_column() {
    let rows = Rows(vec![
        ("item_id", TableColumn::Ints(vec![Some(2), Some(1)])),
        ("name", texts(&["x", "y"])),
        ("price", TableColumn::Ints(vec![Some(5), None])),
        ("sale", TableColumn::Bools(vec![Some(true), None])),
        ("tags", TableColumn::Tags(vec![vec!["p".into()], vec![]])),
    ]);
    let columns = ["name", "price", "sale", "tags"];
    let attributes = ItemAttributes::from_table(&rows, "item_id", &columns).unwrap();
    let filter = json!({"name": "x", "price": 5, "sale": true, "tags": "p"});
    let set = crate::Filter::from_json(&filter).unwrap().compile(&attributes).unwrap();
    assert_eq!(set.iter().collect::<Vec<_>>(), [0]);
    assert!(ItemAttributes::from_table(&rows, "item_id", &["colour"]).is_err());
}
