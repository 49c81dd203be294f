/** The forms that a recipe can have. */
import { bpftraceRecipe } from './bpftrace-recipe.ts'
import type { Plan } from './plan.ts'
import { shellRecipe } from './shell-recipe.ts'
import { traceCmdRecipe } from './trace-cmd-recipe.ts'

export const RECIPE_FORMS = ['shell', 'trace-cmd', 'bpftrace'] as const
export type RecipeForm = (typeof RECIPE_FORMS)[number]

export interface Recipe {
  write(plan: Plan): string
  /** Why it cannot record this; null where it can. */
  refuses(plan: Plan): string | null
}

export const RECIPES: Readonly<Record<RecipeForm, Recipe>> = {
  shell: { write: shellRecipe, refuses: () => null },
  'trace-cmd': { write: traceCmdRecipe, refuses: () => null },
  bpftrace: {
    write: bpftraceRecipe,
    refuses({ tier, clock }) {
      if (tier === 'T0' || tier === 'T1')
        return `tier ${tier} is native events alone, which tracefs records better: give --as shell`
      return clock === 'mono' || clock === 'boot' ? null : `bpftrace has the clocks mono and boot, not ${clock}`
    },
  },
}
