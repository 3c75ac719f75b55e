//! Small dense matrices of `f64`, row after row, for the change of space before quantising.

/// The product of two square matrices.
pub(crate) fn product(a: &[f64], b: &[f64], n: usize) -> Vec<f64> {
    let mut out = vec![0.0; n * n];
    for (row, out) in a.chunks_exact(n).zip(out.chunks_exact_mut(n)) {
        for (&v, b) in row.iter().zip(b.chunks_exact(n)) {
            out.iter_mut().zip(b).for_each(|(o, b)| *o += v * b);
        }
    }
    out
}

/// Rows and columns swapped.
pub(super) fn transposed(a: &[f64], n: usize) -> Vec<f64> {
    (0..n * n).map(|k| a[k % n * n + k / n]).collect()
}

/// The lower triangle `L` of `L L^T = a + ridge`, and its inverse; the ridge is a millionth of the
/// mean of the diagonal, so that directions without spread do no harm.
pub(super) fn cholesky(a: &[f64], n: usize) -> (Vec<f64>, Vec<f64>) {
    let mean = (0..n).map(|i| a[i * n + i]).sum::<f64>() / n as f64;
    let ridge = if mean > 0.0 && mean.is_finite() { mean * 1e-6 } else { 1.0 };
    let mut l = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            let dot: f64 = (0..j).map(|k| l[i * n + k] * l[j * n + k]).sum();
            let rest = a[i * n + j] - dot;
            l[i * n + j] =
                if i == j { (rest + ridge).max(ridge).sqrt() } else { rest / l[j * n + j] };
        }
    }
    let mut inverse = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            let dot: f64 = (j..i).map(|k| l[i * n + k] * inverse[k * n + j]).sum();
            inverse[i * n + j] = (f64::from(u8::from(i == j)) - dot) / l[i * n + i];
        }
    }
    (l, inverse)
}

/// The eigenvalues of a symmetric matrix and, as columns, its eigenvectors, in no order: cyclic
/// rotations of Jacobi.
pub(super) fn eigen(mut a: Vec<f64>, n: usize) -> (Vec<f64>, Vec<f64>) {
    let mut v = vec![0.0; n * n];
    (0..n).for_each(|i| v[i * n + i] = 1.0);
    let size: f64 = a.iter().map(|x| x * x).sum();
    for _ in 0..30 {
        let off: f64 = (0..n * n).filter(|k| k / n != k % n).map(|k| a[k] * a[k]).sum();
        if off <= 1e-20 * size {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                let apq = a[p * n + q];
                if apq * apq <= 1e-30 * size {
                    continue;
                }
                let theta = (a[q * n + q] - a[p * n + p]) / (2.0 * apq);
                let t = theta.signum() / (theta.abs() + theta.mul_add(theta, 1.0).sqrt());
                let c = 1.0 / t.mul_add(t, 1.0).sqrt();
                let s = t * c;
                for k in 0..n {
                    let (x, y) = (a[k * n + p], a[k * n + q]);
                    (a[k * n + p], a[k * n + q]) = (c * x - s * y, s * x + c * y);
                }
                let (above, below) = a.split_at_mut(q * n);
                for (x, y) in above[p * n..(p + 1) * n].iter_mut().zip(&mut below[..n]) {
                    (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
                }
                for k in 0..n {
                    let (x, y) = (v[k * n + p], v[k * n + q]);
                    (v[k * n + p], v[k * n + q]) = (c * x - s * y, s * x + c * y);
                }
            }
        }
    }
    ((0..n).map(|i| a[i * n + i]).collect(), v)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eigenvectors_and_triangles_give_the_matrix_back() {
        let n = 5;
        let b: Vec<f64> = (0..n * n).map(|k| ((k * 7919) % 13) as f64 - 6.0).collect();
        let a = product(&b, &transposed(&b, n), n);
        let near = |x: &[f64], y: &[f64], by: f64| {
            assert!(x.iter().zip(y).all(|(x, y)| (x - y).abs() < by), "{x:?} {y:?}");
        };
        let (values, v) = eigen(a.clone(), n);
        let mut d = vec![0.0; n * n];
        (0..n).for_each(|i| d[i * n + i] = values[i]);
        near(&product(&product(&v, &d, n), &transposed(&v, n), n), &a, 1e-8);
        let (l, inverse) = cholesky(&a, n);
        near(&product(&l, &transposed(&l, n), n), &a, 1e-3);
        d.fill(0.0);
        (0..n).for_each(|i| d[i * n + i] = 1.0);
        near(&product(&l, &inverse, n), &d, 1e-8);
    }
}
