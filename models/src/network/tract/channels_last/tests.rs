//! A small network of all that a captioner's encoder has, as it is and with channels last.

use descry_steps::Requantise;
use tract_onnx::{
    prelude::{DatumExt as _, IntoRunnable as _, IntoTValue as _, TValue, Tensor},
    tract_core::ops::{
        cnn::{KernelFormat, PaddingSpec},
        math,
    },
};

use super::*;

const SIZE: usize = 10;

/// What a convolution is like.
#[derive(Clone, Copy)]
struct Layer {
    input: usize,
    output: usize,
    group: usize,
    kernel: usize,
    dilation: usize,
}

fn whole(shape: &[usize]) -> TractResult<Tensor> {
    let values: Vec<f32> =
        (0..shape.iter().product()).map(|at: usize| ((at * 31) % 17) as f32 - 8.0).collect();
    Tensor::from_shape(shape, &values)
}

fn convolve(model: &mut TypedModel, name: &str, input: OutletId, layer: Layer) -> TractResult<OutletId> {
    let Layer { input: inputs, output, group, kernel, dilation } = layer;
    let weights =
        model.add_const(format!("{name}.weights"), whole(&[output, inputs / group, kernel, kernel])?)?;
    let bias = model.add_const(format!("{name}.bias"), whole(&[output])?)?;
    let pool_spec = PoolSpec {
        data_format: DataFormat::NCHW,
        kernel_shape: tvec!(kernel, kernel),
        padding: PaddingSpec::SameUpper,
        dilations: Some(tvec!(dilation, dilation)),
        strides: None,
        input_channels: inputs,
        output_channels: output,
    };
    let convolution = Conv { pool_spec, kernel_fmt: KernelFormat::OIHW, group, q_params: None };
    Ok(model.wire_node(name, convolution, &[input, weights, bias])?[0])
}

/// A first layer, one of each channel, one of each place, and the sum of what went into them and what came out.
fn network(dilation: usize) -> TractResult<TypedModel> {
    let mut model = TypedModel::default();
    let pixels = model.add_source("pixels", f32::fact([1, 3, SIZE, SIZE]))?;
    let plain = Layer { input: 3, output: 8, group: 1, kernel: 3, dilation: 1 };
    let stem = convolve(&mut model, "stem", pixels, plain)?;
    let each_channel = Layer { input: 8, output: 8, group: 8, kernel: 3, dilation };
    let depthwise = convolve(&mut model, "depthwise", stem, each_channel)?;
    let each_place = Layer { input: 8, output: 8, group: 1, kernel: 1, dilation: 1 };
    let pointwise = convolve(&mut model, "pointwise", depthwise, each_place)?;
    let sum = model.wire_node("sum", math::add(), &[pointwise, stem])?[0];
    let scale = model.add_const(
        "scale",
        Tensor::from_shape(&[1, 8, 1, 1], &[0.5_f32, 1.0, 2.0, 4.0, 0.25, 1.0, 1.0, 8.0])?,
    )?;
    let scaled = model.wire_node("scaled", math::mul(), &[sum, scale])?[0];
    model.select_output_outlets(&[scaled, stem])?;
    Ok(model)
}

fn run(model: TypedModel) -> TractResult<Vec<TValue>> {
    let outputs =
        model.into_optimized()?.into_runnable()?.run(tvec!(whole(&[1, 3, SIZE, SIZE])?.into_tvalue()))?;
    Ok(outputs.into_iter().collect())
}

#[test]
fn the_numbers_stay_and_few_axes_move() -> TractResult<()> {
    let turned = with_channels_last(&network(1)?)?.expect("it has a depthwise convolution");
    let moves = turned.nodes.iter().filter(|node| node.op_is::<AxisOp>()).count();
    // The first layer's features, the scale, and what comes out.
    assert_eq!(moves, 3, "{turned}");
    assert_eq!(turned.nodes.iter().filter(|node| node.op_is::<DepthwiseOperator>()).count(), 1);
    assert_eq!(run(turned)?, run(network(1)?)?);
    Ok(())
}

/// How many operators make steps of a depthwise convolution's sums by themselves, where the sums are an output too or not.
fn requantising(sums_go_out: bool) -> TractResult<usize> {
    let network = || {
        let mut model = TypedModel::default();
        let pixels = model.add_source("pixels", f32::fact([1, 3, SIZE, SIZE]))?;
        let plain = Layer { input: 3, output: 8, group: 1, kernel: 3, dilation: 1 };
        let stem = convolve(&mut model, "stem", pixels, plain)?;
        let each_channel = Layer { input: 8, output: 8, group: 8, kernel: 3, dilation: 1 };
        let sums = convolve(&mut model, "depthwise", stem, each_channel)?;
        let multipliers = (1..=8).map(|channel| 0.01 * channel as f32).collect();
        let requantise = steps::requantising(Requantise { multipliers, low: -10.0, high: 245.0 });
        let made = model.wire_node("steps", requantise, &[sums])?[0];
        let outputs = [made, sums];
        model.select_output_outlets(if sums_go_out { &outputs } else { &outputs[..1] })?;
        TractResult::Ok(model)
    };
    let turned = with_channels_last(&network()?)?.expect("it has a depthwise convolution");
    let count = turned.nodes.iter().filter(|node| node.op().name() == steps::REQUANTISE).count();
    assert_eq!(run(turned)?, run(network()?)?);
    Ok(count)
}

#[test]
fn sums_become_steps_at_once_where_nobody_else_needs_them() -> TractResult<()> {
    assert_eq!(requantising(false)?, 0);
    assert_eq!(requantising(true)?, 1);
    Ok(())
}

#[test]
fn a_convolution_that_is_not_known_stays_as_it_is() -> TractResult<()> {
    let turned = with_channels_last(&network(2)?)?.expect("it has a depthwise convolution");
    assert!(turned.nodes.iter().all(|node| !node.op_is::<DepthwiseOperator>()));
    assert_eq!(run(turned)?, run(network(2)?)?);
    Ok(())
}

#[test]
fn a_network_without_depthwise_convolutions_is_left_alone() -> TractResult<()> {
    let mut model = TypedModel::default();
    let pixels = model.add_source("pixels", f32::fact([1, 3, SIZE, SIZE]))?;
    let plain = Layer { input: 3, output: 8, group: 1, kernel: 3, dilation: 1 };
    let stem = convolve(&mut model, "stem", pixels, plain)?;
    model.select_output_outlets(&[stem])?;
    assert!(with_channels_last(&model)?.is_none());
    Ok(())
}
