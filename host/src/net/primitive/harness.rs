//! What every primitive must satisfy, whatever it computes. Mutations seen red are listed with each primitive.

use super::{Primal, Primitive, Rules, Shapes, Site, Target};
use crate::net::element::Element;
use crate::net::shape::Shape;
use gibbs_core::math::Real;
use gibbs_core::random;

/// Samples of the primal pass in the checks.
const BATCH: usize = 2;
/// Directions for each.
const DIRECTIONS: usize = 3;

/// A primitive at a random point.
pub(crate) struct Case {
    primitive: Primitive,
    shapes: Shapes,
    /// One array per input, [`BATCH`] samples.
    pub(crate) inputs: Vec<Vec<f64>>,
    pub(crate) parameters: Vec<Vec<f64>>,
    /// Inputs that are differentiated.
    active: Vec<bool>,
}

/// Normal numbers from a stream of this name.
pub(crate) fn normal(name: &str, length: usize) -> Vec<f64> {
    let mut rng = random::stream(17, name, length as u64);
    (0..length).map(|_| random::normal::<f64>(&mut rng)).collect()
}

fn dot<T: Element>(a: &[T], b: &[T]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a.wide() * b.wide()).sum()
}

fn cast<T: Element>(values: &[f64]) -> Vec<T> {
    values.iter().map(|x| T::of(*x)).collect()
}

fn bits<T: Element>(values: &[T]) -> Vec<u64> {
    values.iter().map(|x| Real::bits(*x)).collect()
}

/// Arrays of one scalar at the point of a case.
struct At<T> {
    primitive: Primitive,
    shapes: Shapes,
    parameters: Vec<Vec<T>>,
    inputs: Vec<Vec<T>>,
    active: Vec<bool>,
}

impl Case {
    /// At normal inputs and parameters, all inputs differentiated.
    pub(crate) fn new(primitive: impl Into<Primitive>, shapes: &[Shape]) -> Self {
        let primitive = primitive.into();
        let meaning = primitive.meaning();
        let output = meaning.shape(shapes).expect("the shapes fit");
        let draw = |name: &str, index: usize, length| normal(&format!("{name} {index}"), length);
        let inputs = shapes
            .iter()
            .enumerate()
            .map(|(i, s)| draw("input", i, BATCH * s.elements()));
        let parameters = meaning.parameters(shapes);
        let parameters = parameters
            .iter()
            .enumerate()
            .map(|(i, (_, s))| draw("parameter", i, s.iter().product()));
        Self {
            inputs: inputs.collect(),
            parameters: parameters.collect(),
            active: vec![true; shapes.len()],
            shapes: Shapes {
                inputs: shapes.to_vec(),
                output,
            },
            primitive,
        }
    }

    /// Replaces an input, [`BATCH`] samples of it, and says that it is not differentiated (labels, indices).
    pub(crate) fn fixed(mut self, input: usize, values: Vec<f64>) -> Self {
        self = self.with(input, values);
        self.active[input] = false;
        self
    }

    /// Replaces an input, [`BATCH`] samples of it.
    pub(crate) fn with(mut self, input: usize, values: Vec<f64>) -> Self {
        assert_eq!(values.len(), self.inputs[input].len());
        self.inputs[input] = values;
        self
    }

    /// The output of the first `batch` samples.
    pub(crate) fn forward(&self, batch: usize) -> Vec<f64> {
        self.at::<f64>().forward(0..batch).0
    }

    fn at<T: Element>(&self) -> At<T> {
        At {
            primitive: self.primitive.clone(),
            shapes: self.shapes.clone(),
            parameters: self.parameters.iter().map(|p| cast(p)).collect(),
            inputs: self.inputs.iter().map(|x| cast(x)).collect(),
            active: self.active.clone(),
        }
    }
}

impl<T: Element> At<T> {
    fn rules(&self) -> &dyn Rules<T> {
        self.primitive.rules()
    }

    fn packed(&self) -> Vec<Vec<T>> {
        let parameters: Vec<&[T]> = self.parameters.iter().map(Vec::as_slice).collect();
        self.rules().prepare(&self.shapes, &parameters)
    }

    fn transposed(&self) -> Vec<Vec<T>> {
        let parameters: Vec<&[T]> = self.parameters.iter().map(Vec::as_slice).collect();
        self.rules().prepare_transposed(&self.shapes, &parameters)
    }

    fn slices(&self, samples: std::ops::Range<usize>) -> Vec<&[T]> {
        let shapes = self.shapes.inputs.iter().map(Shape::elements);
        let inputs = self.inputs.iter().zip(shapes);
        inputs
            .map(|(x, each)| &x[samples.start * each..samples.end * each])
            .collect()
    }

    /// Output and saved numbers of some samples.
    fn forward(&self, samples: std::ops::Range<usize>) -> (Vec<T>, Vec<T>) {
        let batch = samples.len();
        let packed = self.packed();
        let site = self.site(&packed, batch, 1);
        let mut output = vec![T::of(7.0); batch * self.shapes.output.elements()];
        let mut saved = vec![T::of(7.0); batch * self.primitive.meaning().saved(&self.shapes)];
        self.rules()
            .forward(site, &self.slices(samples.clone()), &mut output, &mut saved);
        let mut again = vec![T::of(-3.0); output.len()];
        self.rules()
            .forward(site, &self.slices(samples), &mut again, &mut []);
        assert_eq!(
            bits(&output),
            bits(&again),
            "{:?}: saving changes the output",
            self.primitive
        );
        (output, saved)
    }

    fn site<'a>(&'a self, packed: &'a [Vec<T>], batch: usize, directions: usize) -> Site<'a, T> {
        Site {
            shapes: &self.shapes,
            packed,
            transposed: &[],
            batch,
            directions,
        }
    }

    /// J v for `directions` tangents at each of some samples.
    fn jvp(&self, samples: std::ops::Range<usize>, directions: usize, tangents: &[Option<&[T]>]) -> Vec<T> {
        let packed = self.packed();
        let site = self.site(&packed, samples.len(), directions);
        let mut moved = vec![T::of(5.0); samples.len() * directions * self.shapes.output.elements()];
        self.with_primal(samples, |primal| {
            self.rules().jvp(site, primal, tangents, &mut moved);
        });
        moved
    }

    /// What the rules may read: only what the primitive says that it needs.
    fn with_primal(&self, samples: std::ops::Range<usize>, work: impl FnOnce(Primal<'_, T>)) {
        let (output, saved) = self.forward(samples.clone());
        let needs = self.primitive.meaning().needs();
        let inputs = self.slices(samples);
        let hidden: Vec<&[T]> = vec![&[]; inputs.len()];
        work(Primal {
            inputs: if needs.inputs { &inputs } else { &hidden },
            output: if needs.output { &output } else { &[] },
            saved: &saved,
        });
    }

    /// J^T u into every active input, onto `start` if given.
    fn vjp(
        &self,
        samples: std::ops::Range<usize>,
        directions: usize,
        cotangent: &[T],
        start: Option<T>,
    ) -> Vec<Vec<T>> {
        let (packed, transposed) = (self.packed(), self.transposed());
        let site = Site {
            transposed: &transposed,
            ..self.site(&packed, samples.len(), directions)
        };
        let each = self.shapes.inputs.iter().map(Shape::elements);
        let fill = start.unwrap_or(T::of(9.0));
        let mut pulled: Vec<Vec<T>> = each
            .map(|each| vec![fill; samples.len() * directions * each])
            .collect();
        let mut targets: Vec<Option<Target<'_, T>>> = pulled
            .iter_mut()
            .zip(&self.active)
            .map(|(values, active)| {
                active.then_some(Target {
                    values,
                    add: start.is_some(),
                })
            })
            .collect();
        self.with_primal(samples, |primal| {
            self.rules().vjp(site, primal, cotangent, &mut targets);
        });
        pulled
    }

    fn gradient(&self, cotangent: &[T]) -> Vec<Vec<T>> {
        let packed = self.packed();
        let mut gradients: Vec<Vec<T>> = self.parameters.iter().map(|p| vec![T::ZERO; p.len()]).collect();
        let mut slices: Vec<&mut [T]> = gradients.iter_mut().map(Vec::as_mut_slice).collect();
        let (output, saved) = self.forward(0..BATCH);
        let needs = self.primitive.meaning().needs();
        let inputs = self.slices(0..BATCH);
        let hidden: Vec<&[T]> = vec![&[]; inputs.len()];
        let primal = Primal {
            inputs: if needs.inputs || needs.inputs_for_gradient {
                &inputs
            } else {
                &hidden
            },
            output: if needs.output { &output } else { &[] },
            saved: &saved,
        };
        self.rules()
            .gradient(self.site(&packed, BATCH, 1), primal, cotangent, &mut slices);
        gradients
    }

    fn tangents(&self, directions: usize) -> Vec<Option<Vec<T>>> {
        let each = self.shapes.inputs.iter().zip(&self.active).enumerate();
        each.map(|(i, (shape, active))| {
            active.then(|| {
                cast(&normal(
                    &format!("tangent {i}"),
                    BATCH * directions * shape.elements(),
                ))
            })
        })
        .collect()
    }

    /// <J v, u> = <v, J^T u> at every sample and direction.
    fn adjoint(&self, tolerance: f64) {
        let tangents = self.tangents(DIRECTIONS);
        let slices: Vec<Option<&[T]>> = tangents.iter().map(Option::as_deref).collect();
        let output = self.shapes.output.elements();
        let cotangent: Vec<T> = cast(&normal("cotangent", BATCH * DIRECTIONS * output));
        let moved = self.jvp(0..BATCH, DIRECTIONS, &slices);
        let pulled = self.vjp(0..BATCH, DIRECTIONS, &cotangent, None);
        for index in 0..BATCH * DIRECTIONS {
            let (v, u) = (
                &moved[index * output..][..output],
                &cotangent[index * output..][..output],
            );
            let left = dot(v, u);
            let mut right = 0.0;
            for ((tangent, pulled), shape) in tangents.iter().zip(&pulled).zip(&self.shapes.inputs) {
                let each = shape.elements();
                if let Some(tangent) = tangent {
                    right += dot(&tangent[index * each..][..each], &pulled[index * each..][..each]);
                }
            }
            let scale = (dot(v, v) * dot(u, u)).sqrt() + 1e-30;
            let error = (left - right).abs() / scale;
            assert!(
                error <= tolerance,
                "{:?}: <Jv,u> = {left}, <v,J'u> = {right}",
                self.primitive
            );
        }
    }

    /// A batch has the bits of its samples, k directions those of k single ones, on one thread and on several.
    fn batches(&self) {
        let tangents = self.tangents(DIRECTIONS);
        let slices: Vec<Option<&[T]>> = tangents.iter().map(Option::as_deref).collect();
        let each_out = self.shapes.output.elements();
        let cotangent: Vec<T> = cast(&normal("cotangent", BATCH * DIRECTIONS * each_out));
        let all = || {
            let (output, _) = self.forward(0..BATCH);
            let moved = self.jvp(0..BATCH, DIRECTIONS, &slices);
            let pulled = self.vjp(0..BATCH, DIRECTIONS, &cotangent, None);
            let gradients = self.gradient(&cotangent[..BATCH * each_out]);
            (output, moved, pulled, gradients)
        };
        let (output, moved, pulled, gradients) = all();
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(3)
            .build()
            .expect("threads start");
        let (output_3, moved_3, pulled_3, gradients_3) = pool.install(all);
        let name = &self.primitive;
        assert_eq!(
            bits(&output),
            bits(&output_3),
            "{name:?}: forward on three threads"
        );
        assert_eq!(bits(&moved), bits(&moved_3), "{name:?}: jvp on three threads");
        for (one, three) in pulled
            .iter()
            .zip(&pulled_3)
            .chain(gradients.iter().zip(&gradients_3))
        {
            assert_eq!(bits(one), bits(three), "{name:?}: cotangents on three threads");
        }
        for sample in 0..BATCH {
            let (alone, _) = self.forward(sample..sample + 1);
            assert_eq!(
                bits(&alone),
                bits(&output[sample * each_out..][..each_out]),
                "{name:?}: forward alone"
            );
            for direction in 0..DIRECTIONS {
                let index = sample * DIRECTIONS + direction;
                let single: Vec<Option<&[T]>> = slices
                    .iter()
                    .zip(&self.shapes.inputs)
                    .map(|(v, shape)| v.map(|v| &v[index * shape.elements()..][..shape.elements()]))
                    .collect();
                let alone = self.jvp(sample..sample + 1, 1, &single);
                assert_eq!(
                    bits(&alone),
                    bits(&moved[index * each_out..][..each_out]),
                    "{name:?}: jvp alone"
                );
                let alone = self.vjp(
                    sample..sample + 1,
                    1,
                    &cotangent[index * each_out..][..each_out],
                    None,
                );
                for (((alone, pulled), shape), active) in alone
                    .iter()
                    .zip(&pulled)
                    .zip(&self.shapes.inputs)
                    .zip(&self.active)
                {
                    let each = shape.elements();
                    if *active {
                        assert_eq!(
                            bits(alone),
                            bits(&pulled[index * each..][..each]),
                            "{name:?}: vjp alone"
                        );
                    }
                }
            }
        }
    }

    /// Adding onto what is there; tangents of one input at a time.
    fn parts(&self, tolerance: f64) {
        let each_out = self.shapes.output.elements();
        let cotangent: Vec<T> = cast(&normal("cotangent", BATCH * each_out));
        let set = self.vjp(0..BATCH, 1, &cotangent, None);
        let added = self.vjp(0..BATCH, 1, &cotangent, Some(T::ONE));
        for ((set, added), active) in set.iter().zip(&added).zip(&self.active) {
            for (set, added) in set.iter().zip(added).filter(|_| *active) {
                let scale = 1.0 + set.wide().abs();
                let error = (set.wide() + 1.0 - added.wide()).abs();
                assert!(
                    error <= tolerance * scale,
                    "{:?}: {set} + 1 is {added}",
                    self.primitive
                );
            }
        }
        let tangents = self.tangents(1);
        let slices: Vec<Option<&[T]>> = tangents.iter().map(Option::as_deref).collect();
        let whole = self.jvp(0..BATCH, 1, &slices);
        let mut sum = vec![0.0; whole.len()];
        for input in (0..slices.len()).filter(|input| slices[*input].is_some()) {
            let mut alone = vec![None; slices.len()];
            alone[input] = slices[input];
            for (sum, part) in sum.iter_mut().zip(self.jvp(0..BATCH, 1, &alone)) {
                *sum += part.wide();
            }
        }
        let scale = 1.0 + whole.iter().map(|x| x.wide().abs()).fold(0.0, f64::max);
        for (whole, sum) in whole.iter().zip(sum) {
            assert!(
                (whole.wide() - sum).abs() <= tolerance * scale,
                "{:?}: parts",
                self.primitive
            );
        }
    }
}

impl At<f64> {
    /// J v and the gradients against central differences of the forward rule.
    fn differences(&mut self, tolerance: f64) {
        const H: f64 = 1e-5;
        let each_out = self.shapes.output.elements();
        let tangents = self.tangents(1);
        let slices: Vec<Option<&[f64]>> = tangents.iter().map(Option::as_deref).collect();
        let moved = self.jvp(0..BATCH, 1, &slices);
        let start = self.inputs.clone();
        let mut shifted = |h: f64| {
            for ((x, start), v) in self.inputs.iter_mut().zip(&start).zip(&tangents) {
                if let Some(v) = v {
                    for ((x, start), v) in x.iter_mut().zip(start).zip(v) {
                        *x = start + h * v;
                    }
                }
            }
            self.forward(0..BATCH).0
        };
        let (plus, minus) = (shifted(H), shifted(-H));
        self.inputs = start;
        compare(&self.primitive, "jvp", &moved, &plus, &minus, H, tolerance);
        let cotangent = normal("cotangent", BATCH * each_out);
        let gradients = self.gradient(&cotangent);
        for (index, gradient) in gradients.iter().enumerate() {
            let direction = normal(&format!("direction {index}"), gradient.len());
            let start = self.parameters[index].clone();
            let mut shifted = |h: f64| {
                for ((p, start), d) in self.parameters[index].iter_mut().zip(&start).zip(&direction) {
                    *p = start + h * d;
                }
                dot(&self.forward(0..BATCH).0, &cotangent)
            };
            let (plus, minus) = (shifted(H), shifted(-H));
            self.parameters[index] = start;
            let name = format!("gradient {index}");
            compare(
                &self.primitive,
                &name,
                &[dot(gradient, &direction)],
                &[plus],
                &[minus],
                H,
                tolerance,
            );
        }
    }
}

fn compare(
    primitive: &Primitive,
    what: &str,
    rule: &[f64],
    plus: &[f64],
    minus: &[f64],
    h: f64,
    tolerance: f64,
) {
    let scale = 1.0 + rule.iter().fold(0.0, |largest: f64, x| largest.max(x.abs()));
    for ((rule, plus), minus) in rule.iter().zip(plus).zip(minus) {
        let difference = (plus - minus) / (2.0 * h);
        let error = (rule - difference).abs() / scale;
        assert!(
            error <= tolerance,
            "{primitive:?} {what}: rule {rule}, difference {difference}"
        );
    }
}

/// All of the above, in f64 and f32.
pub(crate) fn check(case: &Case) {
    let mut double = case.at::<f64>();
    double.differences(1e-7);
    double.adjoint(1e-12);
    double.parts(1e-12);
    double.batches();
    let single = case.at::<f32>();
    single.adjoint(1e-5);
    single.parts(2e-5);
    single.batches();
}
