import type { ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'

const PAUSE = 3_000

/** A component that is fetched when it is first shown: most visitors never see it. */
export function later<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  let Loaded: ComponentType<P> | undefined
  return function Later(props: P) {
    const [, again] = useState(false)
    useEffect(() => {
      let wanted = !Loaded
      const attempt = (): void =>
        void load().then(
          (found) => {
            Loaded = found
            if (wanted) again(true)
          },
          () => wanted && setTimeout(attempt, PAUSE),
        )
      if (wanted) attempt()
      return () => {
        wanted = false
      }
    }, [])
    return Loaded ? <Loaded {...props} /> : null
  }
}
