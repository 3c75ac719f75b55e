//! A row-major matrix of `f32`.

use crate::{Column, Error, Result};

/// `len` vectors of `dim` numbers each, row after row; owned, or memory-mapped from an artifact
/// (then aligned to 64 bytes). All numbers are finite when built through [`Vectors::new`].
///
/// ```
/// use mercato_core::Vectors;
/// let v = Vectors::new(vec![1.0, 0.0, 0.0, 1.0], 2)?;
/// assert_eq!(v.len(), 2);
/// assert_eq!(v.row(1), &[0.0, 1.0]);
/// # Ok::<(), mercato_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Vectors {
    data: Column<f32>,
    dim: usize,
}

impl Vectors {
    /// Takes row-major numbers.
    ///
    /// # Errors
    /// `invalid_input` when `dim` is 0, the length is not a multiple of it, or a number is NaN or
    /// infinite.
    pub fn new(data: Vec<f32>, dim: usize) -> Result<Self> {
        if dim == 0 || !data.len().is_multiple_of(dim) {
            return Err(Error::invalid_input(format!(
                "{} numbers do not make rows of {dim}",
                data.len()
            )));
        }
        if let Some(at) = data.iter().position(|x| !x.is_finite()) {
            return Err(Error::invalid_input(format!(
                "vector {} has {} at position {}, numbers must be finite",
                at / dim,
                data[at],
                at % dim
            ))
            .with("row", at / dim));
        }
        Ok(Self { data: data.into(), dim })
    }

    /// Takes a column of an artifact without walking it.
    ///
    /// # Errors
    /// `corrupt_artifact` when it does not make whole rows.
    pub fn from_column(data: Column<f32>, dim: usize) -> Result<Self> {
        if dim == 0 || !data.len().is_multiple_of(dim) {
            return Err(Error::corrupt(format!(
                "{} numbers do not make rows of {dim}",
                data.len()
            )));
        }
        Ok(Self { data, dim })
    }

    /// How many vectors.
    #[must_use]
    pub fn len(&self) -> usize {
        self.data.len() / self.dim
    }

    /// Whether there are no vectors.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// Numbers per vector.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Vector `i`. Panics when `i >= len`.
    #[inline]
    #[must_use]
    pub fn row(&self, i: usize) -> &[f32] {
        &self.data[i * self.dim..(i + 1) * self.dim]
    }

    /// All numbers, row after row.
    #[must_use]
    pub fn as_slice(&self) -> &[f32] {
        &self.data
    }
}

#[cfg(feature = "interop-ndarray")]
impl Vectors {
    /// Copies a two-dimensional array, one vector per row.
    ///
    /// # Errors
    /// As [`Vectors::new`].
    pub fn from_array(array: ndarray::ArrayView2<'_, f32>) -> Result<Self> {
        let dim = array.ncols();
        Self::new(array.iter().copied().collect(), dim)
    }

    /// The vectors as an array, borrowed.
    #[must_use]
    pub fn as_array(&self) -> ndarray::ArrayView2<'_, f32> {
        ndarray::ArrayView2::from_shape((self.len(), self.dim), self.as_slice())
            .expect("len * dim numbers, by construction")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_shapes_and_numbers_are_named() {
        assert!(Vectors::new(vec![1.0; 3], 2).is_err());
        assert!(Vectors::new(vec![], 0).is_err());
        let e = Vectors::new(vec![0.0, 1.0, f32::NAN, 0.0], 2).unwrap_err();
        assert!(e.message().contains("vector 1 has NaN at position 0"), "{e}");
    }

    #[cfg(feature = "interop-ndarray")]
    #[test]
    fn arrays_go_in_and_out_unchanged() {
        let array = ndarray::arr2(&[[1.0f32, 2.0], [3.0, 4.0], [5.0, 6.0]]);
        let v = Vectors::from_array(array.view()).unwrap();
        assert_eq!(v.as_array(), array);
        // A transposed array is not contiguous; its rows still become the vectors.
        assert_eq!(Vectors::from_array(array.t()).unwrap().row(0), [1.0, 3.0, 5.0]);
    }
}
