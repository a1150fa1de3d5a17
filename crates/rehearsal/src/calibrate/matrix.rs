//! Small symmetric positive definite matrices: all the linear algebra that a fit of a few coefficients needs.

/// A square matrix of `N` rows.
pub(crate) type Matrix<const N: usize> = [[f64; N]; N];

/// The lower triangle `L` with `L·Lᵀ = matrix`; `None` when the matrix is not positive definite.
pub(crate) fn cholesky<const N: usize>(matrix: &Matrix<N>) -> Option<Matrix<N>> {
    let mut lower = [[0.0; N]; N];
    for row in 0..N {
        for column in 0..=row {
            let dot: f64 = (0..column).map(|k| lower[row][k] * lower[column][k]).sum();
            let rest = matrix[row][column] - dot;
            if row == column {
                lower[row][row] = (0.0 < rest).then(|| rest.sqrt())?;
            } else {
                lower[row][column] = rest / lower[column][column];
            }
        }
    }
    Some(lower)
}

/// The columns of a matrix.
pub(crate) fn columns<const N: usize>(matrix: &Matrix<N>) -> [[f64; N]; N] {
    std::array::from_fn(|column| std::array::from_fn(|row| matrix[row][column]))
}

/// `x` with `matrix·x = right`, from the matrix's [`cholesky`] factor.
pub(super) fn solve<const N: usize>(lower: &Matrix<N>, right: [f64; N]) -> [f64; N] {
    let mut x = right;
    for row in 0..N {
        let dot: f64 = (0..row).map(|k| lower[row][k] * x[k]).sum();
        x[row] = (x[row] - dot) / lower[row][row];
    }
    for row in (0..N).rev() {
        let dot: f64 = (row + 1..N).map(|k| lower[k][row] * x[k]).sum();
        x[row] = (x[row] - dot) / lower[row][row];
    }
    x
}

/// The inverse, from the matrix's [`cholesky`] factor.
pub(super) fn inverse<const N: usize>(lower: &Matrix<N>) -> Matrix<N> {
    let mut inverse = [[0.0; N]; N];
    for column in 0..N {
        let mut unit = [0.0; N];
        unit[column] = 1.0;
        for (row, value) in solve(lower, unit).into_iter().enumerate() {
            inverse[row][column] = value;
        }
    }
    inverse
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: [[4, 2], [2, 5]] has the factor [[2, 0], [1, 2]] and the inverse [[5, -2], [-2, 4]] / 16.
    #[test]
    fn a_matrix_of_two_rows_by_hand() {
        let lower = cholesky(&[[4.0, 2.0], [2.0, 5.0]]).unwrap();
        // every intermediate result is a dyadic fraction, so the text of the numbers is exact
        assert_eq!(format!("{lower:?}"), "[[2.0, 0.0], [1.0, 2.0]]");
        assert_eq!(format!("{:?}", solve(&lower, [8.0, 8.0])), "[1.5, 1.0]");
        assert_eq!(format!("{:?}", inverse(&lower)), "[[0.3125, -0.125], [-0.125, 0.25]]");
        assert!(cholesky(&[[1.0, 2.0], [2.0, 1.0]]).is_none());
    }
}
