/**
 * Random lives of containers and of the agent, with real files and a real buffer, against a small
 * model of what has to come out.
 *
 * <p>{@link io.sluice.app.simulation.SimulationTest} plays; a {@code Step} is what may happen; a
 * {@code SimulatedContainer} writes and rotates; a {@code SimulatedAgent} is one life of tail,
 * pipeline and buffer; the {@code Books} are the model.
 */
package io.sluice.app.simulation;
