import { Component, type ComponentType, createElement } from 'preact'

/** A component that is drawn again only when one of its properties is another one. */
export function kept<P extends object>(Inner: ComponentType<P>): ComponentType<P> {
  return class extends Component<P> {
    override shouldComponentUpdate(next: P): boolean {
      return (Object.keys(next) as (keyof P)[]).some((name) => next[name] !== this.props[name])
    }
    render() {
      return createElement(Inner, this.props as never)
    }
  }
}
