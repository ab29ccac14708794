/**
 * From {@code agent.yaml} to the rooms' own configuration records, or to the list of everything
 * that is wrong with it.
 *
 * <p>Thread: the one that starts the agent; nothing here lives on. Door: {@link
 * io.sluice.app.config.ConfigurationFile}. To add a setting: a constant in {@code Settings}, its
 * use in {@code ConfigurationReader}, a row in {@code docs/CONFIGURATION.md}; a test compares them.
 * Leave alone: no message may carry a secret, not even a misspelled one, so values of unknown keys
 * and the texts of the YAML parser are not repeated.
 */
package io.sluice.app.config;
