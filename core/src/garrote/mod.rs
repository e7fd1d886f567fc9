//! The Variational Garrote.
