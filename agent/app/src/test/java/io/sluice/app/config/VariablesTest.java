package io.sluice.app.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.sluice.app.config.Variables.Replaced;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.Map;

class VariablesTest {
    private static final Map<String, String> ENVIRONMENT =
            Map.of("NAME", "va$ue", "EMPTY", "", "_2", "${NAME}");

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    ${NAME}            | va$ue
                    a${NAME}b${NAME}c  | ava$uebva$uec
                    ${NAME:-other}     | va$ue
                    ${MISSING:-other}  | other
                    ${EMPTY:-other}    | other
                    <${EMPTY}>         | <>
                    <${MISSING:-}>     | <>
                    ${_2}              | ${NAME}
                    $${NAME}           | ${NAME}
                    $NAME              | $NAME
                    $$                 | $$
                    """)
    void aReferenceIsReplacedOnce(String text, String replaced) {
        assertThat(new Variables(ENVIRONMENT).replace(text)).isEqualTo(new Replaced.Text(replaced));
    }

    @ParameterizedTest
    @CsvSource({"${", "${}", "${NAME", "${na-me}", "a${1}"})
    void aReferenceThatIsNoneIsReported(String text) {
        assertThat(new Variables(ENVIRONMENT).replace(text)).isEqualTo(new Replaced.Malformed());
        assertThat(Given.problems("cluster: \"" + text + "\""))
                .containsExactly(
                        "agent.yaml:3: cluster is \""
                                + text
                                + "\"; write ${NAME} or ${NAME:-default} for a variable of the"
                                + " environment, and $${ for the characters ${");
    }

    @Test
    void aVariableThatIsNotSetIsNamed() {
        assertThat(Given.problems("metadata: {annotations: [a, \"${KEEP}\"]}"))
                .containsExactly(
                        "agent.yaml:3: metadata.annotations[1] is \"${KEEP}\", but the environment"
                                + " has no variable KEEP; set it, or write ${KEEP:-default}");
    }

    @Test
    void variablesAreReplacedInEveryKindOfValueAndCannotAddYaml() throws Exception {
        AgentConfig config =
                ConfigurationFile.parse(
                        "agent.yaml",
                        """
                        cluster: ${CLUSTER}
                        kubernetes: {api: "${API:-off}"}
                        pipeline: {threads: "${THREADS}"}
                        elasticsearch: {hosts: ["${HOST}"], headers: {X-A: "${CLUSTER}"}}
                        """,
                        Map.of("CLUSTER", "{a: b}", "HOST", "http://h:1", "THREADS", "2"));

        assertThat(config.pipeline().cluster()).isEqualTo("{a: b}");
        assertThat(config.pipeline().encoders()).isEqualTo(2);
        assertThat(config.elasticsearch().hosts()).hasToString("[http://h:1]");
        assertThat(config.elasticsearch().headers()).containsEntry("X-A", "{a: b}");
    }

    @Test
    void aWrongValueOfAVariableIsShownAsItIs() {
        ConfigurationException failure =
                catchThrowableOfType(
                        ConfigurationException.class,
                        () ->
                                ConfigurationFile.parse(
                                        "agent.yaml",
                                        """
                                        elasticsearch: {hosts: ["http://h"]}
                                        kubernetes: {api: off}
                                        stall: {after: "${STALL}"}
                                        """,
                                        Map.of("STALL", "soon")));

        assertThat(failure)
                .hasMessage(
                        "agent.yaml:3: stall.after is \"soon\"; set a duration such as 200ms, 5s or"
                                + " 1h, or remove it for the default 5m");
    }
}
