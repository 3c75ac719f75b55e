//! The problem: what is to be visited, by whom, and how far things are apart.

pub(crate) mod builder;
pub(crate) mod instance;
mod records;
pub(crate) mod travel;

pub use builder::{BackhaulRule, ProblemBuilder};
pub use records::{Client, Depot, Place, Shipment, VehicleType};
pub use travel::Rounding;

use instance::Instance;
use std::sync::Arc;

/// A validated routing problem. Cheap to clone.
///
/// ```
/// use mercato_routing::{Client, Place, Problem, VehicleType};
/// let mut b = Problem::builder();
/// b.add_depot(Place::point(0.0, 0.0));
/// b.add_vehicle_type(VehicleType::new(2).capacity([10]));
/// b.add_client(Client::at(Place::point(3.0, 4.0)).demand([4]));
/// let problem = b.build()?;
/// assert_eq!(problem.clients().len(), 1);
/// assert_eq!(problem.distance(0, problem.depot_node(0), 0), 5.0);
/// # Ok::<(), mercato_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Problem {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub builder: ProblemBuilder,
    pub instance: Instance,
}

impl Problem {
    /// Begins a problem.
    #[must_use]
    pub fn builder() -> ProblemBuilder {
        ProblemBuilder::default()
    }

    /// The problem's name; empty when it has none.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.builder.name
    }

    /// The clients, in the order in which they were added; a client's index is its id.
    #[must_use]
    pub fn clients(&self) -> &[Client] {
        &self.inner.builder.clients
    }

    /// The depots, in the order in which they were added.
    #[must_use]
    pub fn depots(&self) -> &[Depot] {
        &self.inner.builder.depots
    }

    /// The vehicle types, in the order in which they were added.
    #[must_use]
    pub fn vehicle_types(&self) -> &[VehicleType] {
        &self.inner.builder.vehicle_types
    }

    /// The shipments, in the order in which they were added.
    #[must_use]
    pub fn shipments(&self) -> &[Shipment] {
        &self.inner.builder.shipments
    }

    /// The node number of a depot, for [`distance`](Self::distance); a client's is its index.
    #[must_use]
    pub fn depot_node(&self, depot: usize) -> usize {
        self.inner.builder.clients.len() + depot
    }

    /// How many internal units make one unit of the caller's, see [`Rounding`].
    #[must_use]
    pub fn scale(&self) -> f64 {
        self.inner.instance.scale
    }

    /// Distance between two nodes, in the caller's units after rounding.
    #[must_use]
    pub fn distance(&self, profile: usize, from: usize, to: usize) -> f64 {
        self.instance().travel.distance(profile, from, to) as f64 / self.scale()
    }

    /// Driving time between two nodes, in the caller's units after rounding.
    #[must_use]
    pub fn duration(&self, profile: usize, from: usize, to: usize) -> f64 {
        self.instance().travel.duration(profile, from, to) as f64 / self.scale()
    }

    /// A builder that holds everything this problem was made from, to change and build again.
    #[must_use]
    pub fn to_builder(&self) -> ProblemBuilder {
        self.inner.builder.clone()
    }

    /// Display name of a client.
    #[must_use]
    pub fn client_name(&self, client: usize) -> String {
        let name = &self.inner.builder.clients[client].name;
        if name.is_empty() { format!("client {client}") } else { name.clone() }
    }

    /// Display name of a depot.
    #[must_use]
    pub fn depot_name(&self, depot: usize) -> String {
        let name = &self.inner.builder.depots[depot].name;
        if name.is_empty() { format!("depot {depot}") } else { name.clone() }
    }

    pub(crate) fn instance(&self) -> &Instance {
        &self.inner.instance
    }
}
