//! Process-wide memory settings: the cache of transform plans, and what the allocator keeps.
//!
//! The plan cache serves every layer of the process. The allocator belongs to the program, not to a
//! library, so nothing here changes it unless the program calls [`keep_freed_pages`], usually as the
//! first line of `main`.

pub use spectral_kernels::{
    PlanMemory, clear_plans, keep_freed_pages, plan_memory, set_plan_memory,
};
