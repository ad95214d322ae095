//! What holds for every cluster machine, whoever drives it. The simulation and the fuzz targets include this module by
//! its path; it sees what goes into the machine and what comes out, and nothing else.

pub mod books;
pub mod places;
