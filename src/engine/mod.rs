//! The backup service: catalog, scheduler, jobs, lifecycle, access, drivers (design §4).
