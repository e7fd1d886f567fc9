//! Model folders as the diffusers library lays them out: configuration, weights, noise schedule.
//!
//! ```text
//! FOLDER/config.json, diffusion_pytorch_model.safetensors, scheduler_config.json       one net
//! FOLDER/unet/config.json, unet/diffusion_pytorch_model..., scheduler/scheduler_...    a pipeline
//! ```
//!
//! `UNet2DModel` and `UNet2DConditionModel` are read. Every field of the configuration that changes the
//! computation has one of the values supported here or is refused with its name and value; so is a field
//! that is not known here. Every tensor must be there, of the right shape, and finite.
//! Source: the files and field names of diffusers 0.42.1.

mod config;
mod error;
mod fields;
mod find;
mod load;
mod parse;
mod save;
mod scheduler;
mod tensors;

pub use config::{DownsamplePadding, InvalidConfig, UnetClass, UnetConfig};
pub use error::FolderError;
pub use load::{LoadOptions, ModelFolder};
pub use save::{save, save_pipeline};
pub use scheduler::{BetaSchedule, Prediction, SchedulerConfig, Spacing, Variance};
pub use tensors::{Mismatch, Problems};

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
