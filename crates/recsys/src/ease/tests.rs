use super::{Ease, Form};
use mercato_core::{Interactions, Rng, Run};

fn shop(users: i64, items: u64) -> Interactions {
    let mut rng = Rng::new(5);
    let (mut u, mut i) = (vec![], vec![]);
    for user in 0..users {
        for _ in 0..7 {
            u.push(user);
            i.push((rng.below(items) * rng.below(items) / items) as i64);
        }
    }
    Interactions::builder(&u, &i).build().unwrap()
}

/// The closed form of the paper, in f64: `B = -P / diag(P)`, `P = (X^T X + lambda I)^-1`.
fn by_the_book(data: &Interactions, lambda: f64) -> Vec<Vec<f64>> {
    let n = data.n_items();
    let mut a = vec![vec![0.0; 2 * n]; n];
    for user in 0..data.n_users() {
        let (items, w) = data.matrix().row(user);
        for (&i, &x) in items.iter().zip(w) {
            for (&j, &y) in items.iter().zip(w) {
                a[i as usize][j as usize] += f64::from(x) * f64::from(y);
            }
        }
    }
    for (i, row) in a.iter_mut().enumerate() {
        row[i] += lambda;
        row[n + i] = 1.0;
    }
    for k in 0..n {
        let pivot = a[k][k];
        a[k].iter_mut().for_each(|v| *v /= pivot);
        let own = a[k].clone();
        for (i, row) in a.iter_mut().enumerate() {
            let c = row[k];
            if i != k {
                row.iter_mut().zip(&own).for_each(|(v, o)| *v -= c * o);
            }
        }
    }
    let weight = |i: usize, j: usize| if i == j { 0.0 } else { -a[i][n + j] / a[j][n + j] };
    (0..n).map(|i| (0..n).map(|j| weight(i, j)).collect()).collect()
}

#[test]
fn both_forms_give_the_closed_form_when_they_keep_every_item() {
    let data = shop(6000, 20);
    let want = by_the_book(&data, 10.0);
    for form in [Form::Dense, Form::Sparse] {
        let ease = Ease::default().regularization(10.0).neighbors(20).form(form);
        let model = ease.fit(&data, &Run::default()).unwrap();
        assert_eq!(model.form(), form);
        let mut places = 0;
        for (i, row) in want.iter().enumerate() {
            let (columns, values) = model.weights().row(i);
            for (&j, &w) in columns.iter().zip(values) {
                assert!((f64::from(w) - row[j as usize]).abs() < 1e-5, "{form:?} {i} {j} {w}");
                places += 1;
            }
        }
        // The sparse form explains by what occurs together; here everything does.
        let n = data.n_items();
        assert!(places == n * (n - 1), "{form:?} {places}");
    }
}

#[test]
fn memory_chooses_the_form_or_refuses_with_the_numbers() {
    let data = shop(2000, 1500);
    let fit = |ease: Ease| ease.fit(&data, &Run::default());
    let small = Ease::default().memory(4 << 20);
    assert_eq!(fit(small.clone()).unwrap().form(), Form::Sparse);
    let e = fit(small.form(Form::Dense)).unwrap_err();
    assert!(e.message().contains("raise memory or choose the sparse form"), "{e}");
    assert!(e.context().any(|(k, v)| k == "needed" && v.parse::<u64>().unwrap() > 4 << 20));
    assert_eq!(fit(Ease::default()).unwrap().form(), Form::Dense);
    let data = shop(20_000, 3000);
    let e = Ease::default().form(Form::Sparse).memory(1 << 20).fit(&data, &Run::default());
    assert!(e.unwrap_err().message().contains("more than the 1048576 bytes of memory"));
}
