/** What the `README` of tracefs says about the definitions that `dynamic_events` accepts (trace.c `readme_msg`). */
export interface ProbeSyntax {
  /** `f[:[<group>/][<event>]] <func-name>[%return] [<args>]`, and `t:` with it. */
  fprobes: boolean
  /** `<argname>[->field[->field|.field...]]`: needs BTF. */
  fieldsByName: boolean
  /** `kernel return probes support: $retval, $arg<N>, $comm`. */
  argumentsAtReturn: boolean
}

export function readProbeSyntax(readme: string): ProbeSyntax {
  return {
    fprobes: /^\s*(?:Format:\s+)?f\[:\[<group>\/\]\[<event>\]\] <func-name>\[%return\]/m.test(readme),
    fieldsByName: /<argname>\[->field/.test(readme),
    argumentsAtReturn: /kernel return probes support:.*\$arg<N>/.test(readme),
  }
}
