// The shop: each order is a task.

import SentryNative

struct Shop: Sendable {
  /// In cents.
  let prices: [Int]

  func serve(orders count: Int) async {
    for number in 1...count {
      await Task.detached { await handle(order: number) }.value
    }
  }

  private func handle(order number: Int) async {
    SentrySDK.addBreadcrumb(Breadcrumb(level: .info, category: "shop.order", message: "order \(number) came in"))
    await Task.yield()
    // The mistake: the last order is for an article that the list does not have.
    let total = price(of: number < 7 ? number % prices.count : number)
    print("order \(number): \(total) cents")
  }

  private func price(of article: Int) -> Int { prices[article] }
}
