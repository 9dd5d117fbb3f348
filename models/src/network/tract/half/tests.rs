//! Which weights are halved, and that products stay what they were, whatever their shape.

use tract_onnx::{
    prelude::{Datum as _, IntoRunnable as _, IntoTValue as _, TDim, ToDim as _},
    tract_core::internal::TypedFact,
};

use super::*;

fn tensor(values: &[f32]) -> Tensor {
    Tensor::from_shape(&[values.len()], values).expect("a tensor")
}

#[test]
fn whole_numbers_of_eight_bits_are_halved() {
    let whole: Vec<f32> = (-255_i16..=255).cycle().take(LEAST_VALUES).map(f32::from).collect();
    let tensor_of_halves = halved(&tensor(&whole)).expect("no error").expect("halved");
    let values = tensor_of_halves.try_as_plain_ram().expect("plain").as_slice::<f16>().expect("halves");
    assert_eq!(values.iter().map(|half| half.to_f32()).collect::<Vec<_>>(), whole);
    assert!(halved(&tensor(&whole[1..])).expect("no error").is_none(), "too few");
}

#[test]
fn other_weights_stay_as_they_are() {
    for odd in
        [0.5, 256.0, -256.0, 2_147_483_648.0, -2_147_483_648.0, f32::MIN_POSITIVE, f32::NAN, f32::INFINITY]
    {
        let mut values = vec![1.0; LEAST_VALUES + 7];
        values[LEAST_VALUES] = odd;
        assert!(halved(&tensor(&values)).expect("no error").is_none(), "{odd}");
    }
    // 16 bits hold the sign of a zero, too.
    assert!(halved(&tensor(&vec![-0.0; LEAST_VALUES])).expect("no error").is_some());
    let integers = Tensor::from_shape(&[LEAST_VALUES], &vec![1_i64; LEAST_VALUES]).expect("a tensor");
    assert!(halved(&integers).expect("no error").is_none(), "integers");
}

/// A product of a value and a weight: its axes, the shapes of both (0 for an unknown number of rows), and whether the weight
/// stands on the left.
type Product<'case> = (&'case str, &'case [usize], &'case [usize], bool);

const PRODUCTS: [Product<'_>; 9] = [
    ("mk,kn->mn", &[1, 128], &[128, 256], false),
    ("mk,kn->mn", &[0, 128], &[128, 256], false),
    ("mk,kn->mn", &[0, 4096], &[4096, 4], false),
    ("mk,kn->mn", &[128, 128], &[128, 128], false),
    ("mk,kn->mn", &[300, 128], &[128, 256], false),
    ("mk,kn->mn", &[0, 128], &[256, 128], true),
    ("mk,kn->mn", &[128, 128], &[128, 128], true),
    ("NIHW,OI->NOHW", &[1, 64, 8, 8], &[288, 64], false),
    ("NIHW,OI->NOHW", &[1, 288, 16, 16], &[64, 288], false),
];

/// Whole numbers of eight bits.
fn steps(shape: &[usize]) -> Tensor {
    let values: Vec<f32> =
        (0..shape.iter().product()).map(|place| ((place * 7919) % 255) as f32 - 127.0).collect();
    Tensor::from_shape(shape, &values).expect("a tensor")
}

fn model_of((axes, value, weight, left): Product<'_>) -> TypedModel {
    let mut model = TypedModel::default();
    let rows = model.symbols.sym("rows");
    let shape = oriented(value, left).map(|length| if length == 0 { rows.to_dim() } else { length.to_dim() });
    let shape: Vec<TDim> = shape.collect();
    let source =
        model.add_source("value", TypedFact::dt_shape(f32::datum_type(), &*shape)).expect("a source");
    let weights = model.add_const("weights", steps(weight).into_arc_tensor()).expect("a constant");
    let inputs = if left { [weights, source] } else { [source, weights] };
    let product = EinSum::new(axes.parse().expect("axes"), f32::datum_type());
    let output = model.wire_node("product", product, &inputs).expect("a product");
    model.select_output_outlets(&output).expect("an output");
    model
}

/// The axes of a value that stands on the left, or on the right, where its rows come last.
fn oriented(value: &[usize], weight_is_left: bool) -> impl Iterator<Item = usize> {
    let places = 0..value.len();
    places.map(move |place| value[if weight_is_left { value.len() - 1 - place } else { place }])
}

fn computed(product: Product<'_>, halves: bool) -> Vec<f32> {
    let (_, value, _, left) = product;
    let mut model = model_of(product).into_decluttered().expect("decluttered");
    if halves {
        halve_whole_weights(&mut model).expect("halved");
    }
    model.optimize().expect("optimised");
    let value: Vec<usize> =
        oriented(value, left).map(|length| if length == 0 { 5 } else { length }).collect();
    let plan = model.into_runnable().expect("a plan");
    let output = plan.run(tvec![steps(&value).into_tvalue()]).expect("a result");
    output[0].try_as_plain_ram().expect("plain").as_slice::<f32>().expect("floats").to_vec()
}

#[test]
fn products_stay_what_they_were() {
    for product in PRODUCTS {
        assert_eq!(computed(product, true), computed(product, false), "{product:?}");
    }
}

/// Where the processor can: without this, the test above might compare what was never halved.
#[test]
fn the_weight_of_more_rows_is_halved() {
    let due = [true, true, false, false, false, true, true, true, false];
    for (product, due) in PRODUCTS.into_iter().zip(due) {
        let mut model = model_of(product);
        halve_whole_weights(&mut model).expect("halved");
        let is_half = |node: &TypedNode| node.outputs[0].fact.datum_type == DatumType::F16;
        assert_eq!(model.nodes().iter().any(is_half), due && can_widen(), "{product:?}");
    }
}
